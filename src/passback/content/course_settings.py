"""What is set for one course: read against its content type's model, kept as far as it differs from the defaults."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue, ValidationError

from passback.content.errors import SettingsRefusedError
from passback.content.kinds import find_content_type
from passback.content.models import Course
from passback.db import JsonObject, TenantSession
from passback.staff.service import audit


@dataclass(frozen=True)
class Setting:
    """One setting of a course, as people are told it."""

    name: str
    value: JsonValue
    default: JsonValue
    description: str


def list_settings(course: Course) -> list[Setting]:
    """Return every setting of a course.

    Raises:
        ContentTypeMissingError: its content type is not installed (any more).
    """
    model = find_content_type(course.content_type).settings
    now = model.model_validate(course.settings).model_dump(mode="json")
    defaults = model().model_dump(mode="json")
    return [Setting(name, now[name], defaults[name], one.description or "") for name, one in model.model_fields.items()]


def change_settings(
    session: TenantSession, course: Course, changes: Mapping[str, str], unset: Iterable[str] = (), *, by: str
) -> None:
    """Set some of a course's settings, and put others back to their defaults; audited.

    They count from the next event on; what attempts have come to before stays.

    Args:
        changes: values by name, as JSON or, where they are none, as texts.
        by: who does it, as the audit has it.

    Raises:
        SettingsRefusedError: a name that the content type does not know, or a value that it does not take.
        ContentTypeMissingError: its content type is not installed (any more).
    """
    model = find_content_type(course.content_type).settings
    gone = frozenset(unset)
    unknown = sorted((set(changes) | gone) - set(model.model_fields))
    if unknown:
        raise SettingsRefusedError(unknown[0], advice=f"There are: {', '.join(sorted(model.model_fields))}.")
    wanted = {name: value for name, value in course.settings.items() if name not in gone}
    wanted |= {name: _value(text) for name, text in changes.items()}
    try:
        checked = model.model_validate(wanted).model_dump(mode="json")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise SettingsRefusedError(".".join(map(str, first["loc"])), advice=f"{first['msg']}.") from error
    kept: JsonObject = {name: checked[name] for name in wanted if name in checked}
    audit(
        session,
        actor=by,
        action="course.settings",
        subject=f"course:{course.id}",
        tenant_id=session.tenant_id,
        before=json.dumps(course.settings),
        after=json.dumps(kept),
    )
    course.settings = kept


def _value(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value
