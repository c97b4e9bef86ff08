"""What is kept of one SCO between events: its data model, its clock and how its last run ended."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from passback.plugin import JsonObject
from passback_scorm.rte.text import PackedTexts

LONGEST_GAP = timedelta(minutes=30)
"""A longer silence is absence, not time in the course (as long as a session lives without a sign, design §8)."""


@dataclass(frozen=True)
class Run:
    """One time from LMSInitialize (or, before it, from opening) to LMSFinish.

    Args:
        reported: hundredths of a second that the content reported as session_time; None: never.
        measured: hundredths of a second that passed here, silences above `LONGEST_GAP` left out.
        seen: when the last event came.
    """

    initialized: bool = False
    finished: bool = False
    reported: int | None = None
    measured: int = 0
    seen: datetime | None = None

    def at(self, moment: datetime) -> "Run":
        """Return the run as it is at a later `moment`."""
        gap = moment - self.seen if self.seen else timedelta(0)
        passed = round(gap.total_seconds() * 100) if timedelta(0) < gap <= LONGEST_GAP else 0
        return replace(self, measured=self.measured + passed, seen=max(moment, self.seen or moment))

    def time(self, *, measure: bool) -> int:
        """Return its time in hundredths of a second; `measure` says whether ours serves where content gave none."""
        return self.reported if self.reported is not None else self.measured * measure


@dataclass(frozen=True)
class Sco:
    """One SCO in one attempt.

    Args:
        values: elements as content wrote them, packed (`rte.text`).
        counts: records per array; `size`: UTF-16 units of all values.
        session: id of the session whose events are applied.
        launched: content has called LMSInitialize at least once.
        lms_status: lesson_status set by us at the end of a run (mastery, auto-completion); "" where content's stands.
        earlier: hundredths of a second in all runs before `run`.
        limited: those of them that a time limit counts; it begins anew after an ordinary end and once it was reached.
        last_exit, last_finished: how the last initialised run before `run` ended.
    """

    values: PackedTexts = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    size: int = 0
    session: str = ""
    launched: bool = False
    lms_status: str = ""
    earlier: int = 0
    limited: int = 0
    run: Run = field(default_factory=Run)
    last_exit: str = ""
    last_finished: bool = False

    def total(self, *, measure: bool) -> int:
        """Return the time in all runs, in hundredths of a second."""
        return self.earlier + self.run.time(measure=measure)


_adapter: TypeAdapter[Sco] = TypeAdapter(Sco)


def load_sco(cell: JsonObject | None) -> Sco:
    """Return what a state cell holds; an unreadable one counts as empty."""
    if not cell:
        return Sco()
    try:
        return _adapter.validate_python(cell)
    except ValidationError:
        return Sco()


def dump_sco(sco: Sco) -> JsonObject:
    """Return a state cell."""
    dumped: JsonObject = _adapter.dump_python(sco, mode="json")
    return dumped
