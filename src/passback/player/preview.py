"""Previews: the course runs, its events are acknowledged, and not one row is written."""

from uuid import UUID

from passback.clock import utc_now
from passback.content import service
from passback.content.models import Course, CourseVersion
from passback.db import TenantSession, new_id
from passback.plugin import (
    SESSION_STARTED,
    ContentType,
    JsonObject,
    LaunchContext,
    LearnerView,
    Outcome,
    RuntimeEvent,
    State,
)

MODE = "browse"


def preview_context(session: TenantSession, version: CourseVersion, kind: ContentType) -> LaunchContext:
    """Return the launch of a first attempt by nobody, made in memory."""
    course = session.get_one(Course, version.course_id)
    data = version.content.get("data")
    content: JsonObject = data if isinstance(data, dict) else {}
    state = State(content=content, settings=service.course_settings(course), mode=MODE, outcome=Outcome())
    started = RuntimeEvent(UUID(int=0), 0, SESSION_STARTED, "", utc_now(), {"mode": MODE})
    change = kind.apply(state, started)
    cells = {key: value for key, value in change.cells.items() if key in kind.launch_scopes()}
    return LaunchContext(
        registration=new_id(),
        attempt_number=1,
        session=new_id(),
        learner=LearnerView(id="preview", name="Preview", given_name="Preview"),
        title=course.title,
        activities=service.activities(version),
        state=State(content, state.settings, MODE, change.outcome, cells),
    )
