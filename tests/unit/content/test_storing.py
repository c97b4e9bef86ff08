"""What storage keeps and what it loses; of an import that is killed: `tests/functional/test_killed_import.py`."""

import io
from datetime import timedelta
from uuid import UUID

from passback.content.storage import storage
from passback.content.storing import CoreContent, remove_abandoned
from passback.runtime import runtime


def test_what_others_put_into_the_storage_is_left_alone(tenant_id: UUID) -> None:
    storage().save(f"{tenant_id}/notes/readme.txt", io.BytesIO(b"x"))
    storage().save(f"{tenant_id}/readme.txt", io.BytesIO(b"x"))
    assert remove_abandoned(storage(), older_than=timedelta(0)) == 0
    assert len(list(storage().names(""))) == 2


def test_hook_register_jobs_cleans_up_daily(tenant_id: UUID) -> None:
    old = UUID("00000000-0001-7000-8000-000000000000")
    storage().save(f"{tenant_id}/{old}/a.html", io.BytesIO(b"x"))
    (job,) = CoreContent().register_jobs()
    job.run()
    assert (job.every_seconds, list(storage().names(""))) == (24 * 3600, [])
    assert job.name in {job.name for _plugin, jobs in runtime().plugins.collect("register_jobs") for job in jobs}
