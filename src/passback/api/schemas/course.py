"""A course and its current version."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast
from uuid import UUID

from passback.api.schemas.base import Instant, Shape
from passback.content import models
from passback.content.service import ImportResult
from passback.db import JsonObject


class PackageWarning(Shape):
    """Something imperfect in the package that was put right or left out. `certain`: a fact, no conclusion."""

    code: str
    message: str
    evidence: str = ""
    advice: str = ""
    severity: str = "warning"
    certain: bool = True
    file: str = ""
    line: int = 0


class Activity(Shape):
    """A node of the course's structure. `tracked`: results of it are kept."""

    id: str
    title: str
    tracked: bool
    children: tuple["Activity", ...] = ()


class Course(Shape):
    """Imported content. `type` is what people read, `content_type` the stable key; `version`: the current number."""

    id: UUID
    type: str
    content_type: str
    title: str
    version: int
    on_new_version: str
    created_at: Instant
    imported_at: Instant
    archived_at: Instant | None
    activities: tuple[Activity, ...]
    warnings: tuple[PackageWarning, ...]


class CourseImported(Shape):
    """What an import made."""

    id: UUID
    type: str
    title: str
    warnings: tuple[PackageWarning, ...]


def course_of(course: models.Course, version: models.CourseVersion) -> Course:
    """Return a course's shape.

    Args:
        version: its current one.
    """
    return Course(
        id=course.id,
        type=str(version.content.get("label", course.content_type)),
        content_type=course.content_type,
        title=course.title,
        version=version.number,
        on_new_version=course.on_new_version,
        created_at=course.created_at,
        imported_at=version.imported_at,
        archived_at=course.archived_at,
        activities=_activities(cast("Sequence[JsonObject]", version.content.get("activities", []))),
        warnings=tuple(PackageWarning.model_validate(one) for one in version.warnings),
    )


def imported_of(result: ImportResult) -> CourseImported:
    """Return an import's shape."""
    return CourseImported(
        id=result.course_id,
        type=result.label,
        title=result.title,
        warnings=tuple(PackageWarning.model_validate(asdict(one)) for one in result.warnings),
    )


def _activities(nodes: Sequence[Any]) -> tuple[Activity, ...]:
    return tuple(
        Activity(
            id=node["id"],
            title=node["title"],
            tracked=node.get("tracked", True),
            children=_activities(node.get("children", [])),
        )
        for node in nodes
    )
