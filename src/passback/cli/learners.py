"""`passback learners`: who they are, what is kept of them, and its end."""

from pathlib import Path
from uuid import UUID

import click
from sqlalchemy import or_, select

from passback.cli.output import answer, answer_rows, json_option
from passback.cli.tenants import tenant_named, tenant_option
from passback.db import TenantSession, tenant_session
from passback.errors import NotFoundError
from passback.staff.service import audit
from passback.tracking.erasing import ERASED, erase
from passback.tracking.exporting import export
from passback.tracking.holdings import Person, amounts
from passback.tracking.models import Learner


@click.group("learners")
def learners_group() -> None:
    """People who learn: find them, export what is kept of them, erase them."""


@learners_group.command("list")
@click.option("--search", default="", help="Part of a name or address, or the LMS's own id of a person.")
@click.option("--after", type=click.UUID, help="Go on after this id, the last one of the page before.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@tenant_option
@json_option
def list_command(*, search: str, after: UUID | None, limit: int, tenant: str, as_json: bool) -> None:
    """Show learners in the order in which they first came."""
    query = select(Learner).where(~Learner.subject.startswith(ERASED, autoescape=True))
    if search:
        words = (Learner.name.icontains(search, autoescape=True), Learner.email.icontains(search, autoescape=True))
        query = query.where(or_(*words, Learner.subject == search))
    if after is not None:
        query = query.where(Learner.id > after)
    with tenant_session(tenant_named(tenant)) as session:
        rows = [
            {"id": row.id, "name": row.name, "email": row.email, "source": row.source, "subject": row.subject}
            for row in session.scalars(query.order_by(Learner.id).limit(limit))
        ]
    answer_rows(rows, empty="Nobody.", as_json=as_json)


@learners_group.command("show")
@click.argument("learner", type=click.UUID)
@tenant_option
@json_option
def show_command(learner: UUID, tenant: str, as_json: bool) -> None:
    """Count what is kept of LEARNER (an id), table by table."""
    with tenant_session(tenant_named(tenant)) as session:
        counted = amounts(session, _find(session, learner))
    text = "\n".join(f"{name:24} {count}" for name, count in counted.items())
    answer({"learner": learner, "rows": counted}, text, as_json=as_json)


@learners_group.command("export")
@click.argument("learner", type=click.UUID)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@tenant_option
@json_option
def export_command(learner: UUID, output: Path, tenant: str, as_json: bool) -> None:
    """Write everything that is kept of LEARNER to a file, as JSON."""
    tenant_id = tenant_named(tenant)
    with tenant_session(tenant_id, write=True) as session:
        _find(session, learner)
        audit(session, actor="cli", action="learner.exported", subject=f"learner:{learner}", tenant_id=tenant_id)
    output.touch(mode=0o600)
    with tenant_session(tenant_id) as session, output.open("w", encoding="utf-8") as file:
        file.writelines(export(session, _find(session, learner)))
    size = output.stat().st_size
    answer({"learner": learner, "file": str(output), "bytes": size}, f"{output}: {size:,} bytes", as_json=as_json)


@learners_group.command("erase")
@click.argument("learner", type=click.UUID)
@click.option("--yes", is_flag=True, help="Do not ask.")
@tenant_option
@json_option
def erase_command(learner: UUID, *, yes: bool, tenant: str, as_json: bool) -> None:
    """Remove everything that is kept of LEARNER for good; what has to stay is made anonymous."""
    tenant_id = tenant_named(tenant)
    with tenant_session(tenant_id) as session:
        person = _find(session, learner)
    if not yes:
        click.confirm(f"Erase everything that is kept of {person.subject}? This cannot be undone", abort=True, err=True)
    with tenant_session(tenant_id, write=True) as session:
        done = erase(session, person, by="cli")
    rows = sum(done.removed.values())
    answer(
        {"learner": learner, "removed": done.removed, "anonymous": done.anonymous},
        f"Erased: {rows} rows are gone, {sum(done.anonymous.values())} stay without anything personal.",
        as_json=as_json,
    )


def _find(session: TenantSession, learner_id: UUID) -> Person:
    found = session.scalars(select(Learner).where(Learner.id == learner_id)).one_or_none()
    if found is None or found.subject.startswith(ERASED):
        raise NotFoundError(str(learner_id), advice="`passback learners list` shows who there is.")
    return Person(found.source, found.subject, found)
