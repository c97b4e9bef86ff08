"""Puts a package's files into storage, and finds what imports that never ended have left there."""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from uuid import UUID

import structlog
from sqlalchemy import select

from passback.clock import utc_now
from passback.content.models import CourseVersion, StagedVersion
from passback.content.storage import FileStorage, storage_trouble
from passback.content.storage import storage as current_storage
from passback.db import Unscoped, tenant_session, unscoped
from passback.plugin import HealthCheck, Job, PackageReader, Storage, hookimpl
from passback.tenants import Tenant

WRITERS = 8
"""Files stored at a time: a file system syncs several as quickly as one, and S3 answers in tens of milliseconds."""
ABANDONED_AFTER = timedelta(days=1)
"""Age at which files without a course version are no import under way any more."""

log = structlog.get_logger(__name__)


def prefix_of(tenant_id: UUID, version_id: UUID) -> str:
    """Return the storage prefix of a course version, with its slash."""
    return f"{tenant_id}/{version_id}/"


def store_files(storage: Storage, prefix: str, package: PackageReader) -> int:
    """Store every file of `package` below `prefix` and return how many bytes they have.

    Raises:
        PackageError: a file is not what the package said.
        StorageError: it cannot be stored.
    """

    def store(name: str) -> int:
        with package.open(name) as file:
            storage.save(prefix + name, file)
        return package.size(name)

    names = iter(package.names())
    total = 0
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="import") as pool:
        try:
            before: list[Future[int]] = []
            while batch := [pool.submit(store, name) for name in islice(names, 8 * WRITERS)]:
                # Two batches are in hand at a time: the writers never idle, and 50,000 files are not queued at once.
                total += sum(future.result() for future in before)
                before = batch
            return total + sum(future.result() for future in before)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def remove_version(tenant_id: UUID, version_id: UUID) -> None:
    """Remove the files of a version whose row is gone; those that cannot be removed now go with `remove_abandoned`."""
    try:
        current_storage().remove(prefix_of(tenant_id, version_id))
    except Exception:
        log.exception("content.remove_version_failed", tenant=str(tenant_id), version=str(version_id))


def abandoned_versions(storage: Storage, tenant_id: UUID, *, older_than: timedelta = ABANDONED_AFTER) -> list[UUID]:
    """Return the ids under which files are stored that no course version has: imports that were killed.

    Args:
        older_than: an import may still be under way below that age; ids tell the time they were made (UUID version 7).
    """
    prefix = f"{tenant_id}/"
    keys = chain(storage.names(prefix), storage.unfinished(prefix) if isinstance(storage, FileStorage) else ())
    stored = {version_id for key in keys if (version_id := _version_of(key))}
    with tenant_session(tenant_id) as session:
        # In this order: what is confirmed between the two reads is in the second.
        known = {*session.scalars(select(StagedVersion.id)), *session.scalars(select(CourseVersion.id))}
    before = utc_now() - older_than
    return [version_id for version_id in sorted(stored - known) if _made_at(version_id) <= before]


def remove_abandoned(storage: Storage, *, older_than: timedelta = ABANDONED_AFTER) -> int:
    """Remove the files of imports that never ended, of every tenant; return how many imports that were."""
    with unscoped(Unscoped.SCHEDULER) as session:
        tenants = list(session.scalars(select(Tenant.id)))
    removed = 0
    for tenant_id in tenants:
        for version_id in abandoned_versions(storage, tenant_id, older_than=older_than):
            storage.remove(prefix_of(tenant_id, version_id))
            log.info("content.abandoned_removed", tenant=str(tenant_id), version=str(version_id))
            removed += 1
    return removed


class CoreContent:
    """What core does about course files by itself."""

    @hookimpl
    def register_health_checks(self) -> Iterable[HealthCheck]:
        """Return: can course files be stored and read."""
        return [HealthCheck("storage", storage_trouble)]

    @hookimpl
    def register_jobs(self) -> Iterable[Job]:
        """Clean up once a day."""
        return [Job("content.remove_abandoned", 24 * 3600, _remove_abandoned)]


def _remove_abandoned() -> None:
    remove_abandoned(current_storage())


def _version_of(key: str) -> UUID | None:
    """Return the course version that a key belongs to; None for what an operator put there."""
    parts = key.split("/", 2)
    try:
        return UUID(parts[1]) if len(parts) == 3 else None
    except ValueError:
        return None


def _made_at(version_id: UUID) -> datetime:
    return datetime.fromtimestamp((version_id.int >> 80) / 1000, UTC)
