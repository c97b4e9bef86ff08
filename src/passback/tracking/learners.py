"""Learners as their sources know them."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from passback.db import TenantSession
from passback.tracking.models import Learner

LONGEST = 400


def upsert_learner(
    session: TenantSession,
    *,
    source: str,
    subject: str,
    name: str = "",
    given_name: str = "",
    family_name: str = "",
    email: str = "",
    locale: str = "",
) -> Learner:
    """Return the learner `subject` of `source`, made or brought up to date; "" leaves what is known.

    Safe under concurrency: two launches of a new learner make one row.

    Args:
        source: `lti:<platform id>` or `direct`.
        subject: the source's key for the person.
    """
    learner = _find(session, source, subject)
    if learner is None:
        try:
            with session.begin_nested():
                learner = Learner(source=source, subject=subject)
                session.add(learner)
        except IntegrityError:
            learner = _find(session, source, subject)
            if learner is None:
                raise
    said = {"name": name, "given_name": given_name, "family_name": family_name, "email": email, "locale": locale}
    for field, value in said.items():
        value = _storable(value)  # noqa: PLW2901 - the cleaned form of the same value
        if value and getattr(learner, field) != value:
            setattr(learner, field, value)
    session.flush()
    return learner


def _find(session: TenantSession, source: str, subject: str) -> Learner | None:
    return session.scalars(select(Learner).where(Learner.source == source, Learner.subject == subject)).one_or_none()


def _storable(text: str) -> str:
    """Names come from outside: no database takes a lone surrogate, PostgreSQL takes no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "").strip()[:LONGEST]
