"""What the page of an LMS course shows, as plain values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from passback.lti.models import Context
from passback.lti.roster_models import Roster
from passback.tracking.models import Placement, Registration


class Show(StrEnum):
    """Which learners a list shows."""

    ALL = "all"
    NOT_STARTED = "not-started"
    UNDER_WAY = "under-way"
    DONE = "done"
    LEFT = "left"
    ATTENTION = "attention"


class Standing(StrEnum):
    """What an LMS's roster says of somebody."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    LEFT = "left"
    NO_ROLE = "no-role"
    NOT_LISTED = "not-listed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Place:
    """A placement in an LMS course, with the id of the newest link that leads to it."""

    placement: Placement
    link_id: UUID


@dataclass(frozen=True)
class Sent:
    """What became of a grade on its way to one column of the gradebook."""

    delivery_id: UUID
    state: str
    state_text: str
    reason: str
    scaled: float | None
    at: datetime | None
    activity: str = ""


@dataclass(frozen=True)
class LearnerRow:
    """One learner at one placement.

    Args:
        key: id of the roster's entry, or of the registration where the roster does not name them.
        name: "" where the LMS sends none; `user_id` is all there is then.
        standing: what the roster says of them.
        registration: None: never opened it.
        grade: 0..1, what was made of the attempts; `sent` is what became of it.
        may_be_refused: the LMS may not take a grade of theirs.
    """

    key: UUID
    user_id: str
    name: str
    standing: Standing
    registration: Registration | None = None
    grade: float | None = None
    grade_reason: str = ""
    sent: tuple[Sent, ...] = ()

    @property
    def has_started(self) -> bool:
        """True from the first session on; opening the link is not enough."""
        return self.registration is not None and self.registration.started_at is not None

    @property
    def is_done(self) -> bool:
        """True where the course is completed or passed."""
        one = self.registration
        return one is not None and (one.completion == "completed" or one.success == "passed")

    @property
    def may_be_refused(self) -> bool:
        """True where the roster gives a reason to expect that the LMS refuses their grade. It is sent all the same."""
        return self.registration is not None and self.standing not in {Standing.ACTIVE, Standing.UNKNOWN}


@dataclass(frozen=True)
class Numbers:
    """How many learners of a placement are where; `attention`: the LMS refused or may refuse their grade."""

    learners: int = 0
    not_started: int = 0
    under_way: int = 0
    done: int = 0
    left: int = 0
    attention: int = 0


@dataclass(frozen=True)
class CourseSummary:
    """An LMS course in a list. `learners` are those whom its roster names now."""

    context: Context
    roster: Roster | None
    learners: int
    placements: int
    platform: str


@dataclass(frozen=True)
class CoursePlace:
    """What the functions below look at: one placement of one LMS course.

    Args:
        source: `Learner.source` of the LMS's people.
        roster: None: there has never been one.
    """

    context: Context
    place: Place
    roster: Roster | None
    source: str
