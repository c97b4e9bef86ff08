"""What an attempt is about: its course version and the content type that understands it."""

from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from flask import current_app
from pydantic import BaseModel
from sqlalchemy import select

from passback.content.kinds import find_content_type
from passback.content.models import Course, CourseVersion
from passback.db import JsonObject, TenantSession
from passback.plugin import ContentType
from passback.tracking.models import Attempt, Registration

_CACHE = "passback_contents"
CACHED_VERSIONS = 128


@dataclass(frozen=True)
class Subject:
    """An attempt's surroundings, none of which change while it is locked.

    Args:
        content: `ImportedContent.data` of the course version.
        reports_score: some attempt of the version has reported a score before.
    """

    registration_id: UUID
    learner_id: UUID
    version_id: UUID
    content: JsonObject
    reports_score: bool
    course_settings: JsonObject
    content_type: ContentType
    settings: BaseModel


def make_subject(
    session: TenantSession, attempt: Attempt, learner_id: UUID, course: Course, version: CourseVersion
) -> Subject:
    """Return what `attempt` is about.

    Raises:
        ContentTypeMissingError: its plugin is not loaded.
    """
    content_type = find_content_type(course.content_type)
    return Subject(
        registration_id=attempt.registration_id,
        learner_id=learner_id,
        version_id=attempt.course_version_id,
        content=_content(session, attempt.course_version_id),
        reports_score=version.reports_score,
        course_settings=course.settings,
        content_type=content_type,
        settings=content_type.settings.model_validate(course.settings),
    )


def find_subject(session: TenantSession, attempt: Attempt) -> Subject:
    """Return what `attempt` is about.

    Raises:
        ContentTypeMissingError: its plugin is not loaded.
    """
    learner_id, course, version = session.execute(
        select(Registration.learner_id, Course, CourseVersion)
        .join(Course, Course.id == Registration.course_id)
        .join(CourseVersion, CourseVersion.course_id == Course.id)
        .where(Registration.id == attempt.registration_id, CourseVersion.id == attempt.course_version_id)
    ).one()
    return make_subject(session, attempt, learner_id, course, version)


def _content(session: TenantSession, version_id: UUID) -> JsonObject:
    """Return a version's data; versions never change, so it is read once per process."""
    cache: OrderedDict[tuple[UUID, UUID], JsonObject] = current_app.extensions.setdefault(_CACHE, OrderedDict())
    key = (session.tenant_id, version_id)
    found = cache.get(key)
    if found is None:
        content = session.scalars(select(CourseVersion.content).where(CourseVersion.id == version_id)).one()
        data = content.get("data")
        found = data if isinstance(data, dict) else {}
        cache[key] = found
        while len(cache) > CACHED_VERSIONS:
            cache.popitem(last=False)
    return found
