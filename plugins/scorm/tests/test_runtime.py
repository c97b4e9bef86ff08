"""What sessions come to: status, score, mastery, time, entry, lateness. Told as conversations through `apply`."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from passback.plugin import Completion, Fact, LaunchContext, LearnerView, Outcome, RuntimeEvent, State, Success
from passback_scorm.content_type import ScormContentType
from passback_scorm.settings import ScormSettings

SCORM = ScormContentType()
STATUS, RAW, EXIT, TIME = "cmi.core.lesson_status", "cmi.core.score.raw", "cmi.core.exit", "cmi.core.session_time"


@dataclass
class Attempt:
    """An attempt of one learner, with a clock of its own; cells go through JSON as in a database."""

    unit: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    mode: str = "normal"
    now: datetime = datetime(2026, 3, 1, 9, tzinfo=UTC)
    sessions: int = 0
    sequence: int = 0
    facts: list[Fact] = field(default_factory=list)
    state: State = field(init=False)

    def __post_init__(self) -> None:
        unit = {"id": "sco", "title": "One", "href": "index.html", **self.unit}
        self.state = State({"units": [unit]}, ScormSettings(**self.settings), self.mode)

    def say(self, kind: str, data: dict[str, Any] | None = None, *, session: int = 0, after: float = 0) -> "Attempt":
        self.now += timedelta(seconds=after)
        self.sequence += 1
        event = RuntimeEvent(UUID(int=session or self.sessions), self.sequence, kind, "sco", self.now, data or {})
        transition = SCORM.apply(self.state, event)
        cells = {**self.state.cells, **{key: json.loads(json.dumps(cell)) for key, cell in transition.cells.items()}}
        self.state = replace(self.state, cells=cells, outcome=transition.outcome)
        self.facts += transition.facts
        return self

    def open(self, *, after: float = 0) -> "Attempt":
        self.sessions += 1
        self.sequence = -1
        return self.say("session.started", {"mode": self.mode}, after=after).say("scorm.initialize")

    def set(self, *pairs: tuple[str, str], after: float = 0, **options: Any) -> "Attempt":
        return self.say("scorm.set", {"values": [list(pair) for pair in pairs]}, after=after, **options)

    def finish(self, *pairs: tuple[str, str], after: float = 0, **options: Any) -> "Attempt":
        return self.say("scorm.finish", {"values": [list(pair) for pair in pairs]}, after=after, **options)

    def leave(self, reason: str = "left", *, after: float = 0) -> "Attempt":
        return self.say("session.ended", {"reason": reason}, after=after)

    @property
    def verdict(self) -> tuple[str, str]:
        return self.outcome.completion.value, self.outcome.success.value

    @property
    def outcome(self) -> Outcome:
        return self.state.outcome

    def boot(self) -> dict[str, Any]:
        """Return what the next launch hands to the browser."""
        context = LaunchContext(UUID(int=1), 1, UUID(int=2), LearnerView("1"), "One", (), self.state)
        return dict(SCORM.launch(context).bootstrap)

    def launch(self) -> dict[str, Any]:
        """Return the values that the next launch offers."""
        return dict(self.boot()["values"])

    @property
    def entry(self) -> str:
        return str(self.launch()["cmi.core.entry"])


# --- Status and score


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("passed", ("completed", "passed")),
        ("failed", ("completed", "failed")),
        ("completed", ("completed", "unknown")),
        ("incomplete", ("incomplete", "unknown")),
        ("browsed", ("incomplete", "unknown")),
        ("not attempted", ("incomplete", "unknown")),
        ("nonsense", ("incomplete", "unknown")),
    ],
)
def test_lesson_status(status: str, verdict: tuple[str, str]) -> None:
    assert Attempt().open().set((STATUS, status)).verdict == verdict


def test_failed_need_not_be_completed() -> None:
    assert Attempt(settings={"failed_is_completed": False}).open().set((STATUS, "failed")).verdict == (
        "incomplete",
        "failed",
    )


def test_a_score_is_handed_on_as_written() -> None:
    attempt = Attempt().open().set((RAW, "7.5"), ("cmi.core.score.min", "0"), ("cmi.core.score.max", "10"))
    outcome = attempt.outcome
    assert (outcome.score_scaled, outcome.score_raw, outcome.score_min, outcome.score_max) == (None, 7.5, 0, 10)
    assert attempt.set((RAW, "")).outcome.score_raw == 7.5  # blank says nothing


def test_zero_is_a_score() -> None:
    assert Attempt().open().set((RAW, "0")).outcome.score_raw == 0


def test_a_status_is_never_taken_back() -> None:
    attempt = Attempt().open().set((STATUS, "passed"))
    assert attempt.set((STATUS, "incomplete")).verdict == ("completed", "passed")
    assert attempt.set((STATUS, "failed")).verdict == ("completed", "passed")
    assert attempt.launch()[STATUS] == "failed"  # the data model keeps what content wrote


def test_failing_after_a_completion_is_no_downgrade() -> None:
    """Rustici's golf course says completed on arriving at its quiz and failed after it."""
    attempt = Attempt().open().set((STATUS, "completed"))
    assert attempt.verdict == ("completed", "unknown")
    assert attempt.set((RAW, "40"), (STATUS, "failed")).verdict == ("completed", "failed")
    assert attempt.set((RAW, "90"), (STATUS, "passed")).verdict == ("completed", "passed")


# --- The end


def test_a_course_that_says_nothing_is_completed_by_finishing() -> None:
    attempt = Attempt().open().finish()
    assert attempt.verdict == ("completed", "unknown")
    assert attempt.outcome.ended
    assert attempt.launch()[STATUS] == "completed"


def test_a_status_we_set_yields_to_what_content_writes_next() -> None:
    attempt = Attempt().open().finish().open()
    assert attempt.launch()[STATUS] == "completed"
    assert attempt.set((STATUS, "incomplete")).launch()[STATUS] == "incomplete"


def test_leaving_completes_nothing() -> None:
    attempt = Attempt().open().set(("cmi.core.lesson_location", "3")).leave()
    assert attempt.verdict == ("incomplete", "unknown")
    assert attempt.outcome.ended
    assert attempt.launch()["cmi.core.lesson_location"] == "3"


@pytest.mark.parametrize(
    ("settings", "pairs"),
    [
        ({"auto_complete": False}, []),
        ({}, [(EXIT, "suspend")]),  # a pause
        ({}, [(STATUS, "incomplete")]),
    ],
)
def test_what_is_not_completed_by_finishing(settings: dict[str, Any], pairs: list[tuple[str, str]]) -> None:
    assert Attempt(settings=settings).open().finish(*pairs).verdict == ("incomplete", "unknown")


def test_an_asset_is_completed_by_having_been_open() -> None:
    attempt = Attempt({"scorm_type": "asset"})
    attempt.sessions = 1
    attempt.say("session.started")
    assert attempt.verdict == ("incomplete", "unknown")
    assert attempt.leave().verdict == ("completed", "unknown")


def test_an_asset_that_talks_is_believed() -> None:
    assert Attempt({"scorm_type": "asset"}).open().set((STATUS, "incomplete")).leave().verdict == (
        "incomplete",
        "unknown",
    )


def test_nothing_counts_outside_a_conversation() -> None:
    attempt = Attempt()
    attempt.sessions = 1
    attempt.say("session.started").set((STATUS, "passed"))  # before LMSInitialize
    assert attempt.verdict == ("incomplete", "unknown")
    attempt.say("scorm.initialize").finish((STATUS, "incomplete")).set((STATUS, "passed"))  # after LMSFinish
    assert attempt.verdict == ("incomplete", "unknown")


# --- Mastery


@pytest.mark.parametrize(
    ("raw", "success"), [("80", "passed"), ("79.99", "failed"), ("100", "passed"), ("0", "failed")]
)
@pytest.mark.parametrize("status", ["", "completed", "passed", "failed", "incomplete"])
def test_the_mark_decides_at_the_end(raw: str, success: str, status: str) -> None:
    attempt = Attempt({"mastery_score": 80}).open().set((RAW, raw), *([(STATUS, status)] if status else []))
    assert attempt.finish().verdict == ("completed", success)
    assert attempt.launch()[STATUS] == success
    assert attempt.launch()["cmi.student_data.mastery_score"] == "80"


def test_a_verdict_of_the_content_is_set_right_at_once() -> None:
    assert Attempt({"mastery_score": 80}).open().set((RAW, "70"), (STATUS, "passed")).verdict == ("completed", "failed")
    assert Attempt({"mastery_score": 60}).open().set((RAW, "70"), (STATUS, "completed")).verdict == (
        "completed",
        "passed",
    )


def test_a_score_that_still_grows_is_not_judged() -> None:
    attempt = Attempt({"mastery_score": 80}).open().set((STATUS, "completed"))
    assert attempt.set((RAW, "10")).verdict == ("completed", "unknown")
    assert attempt.set((RAW, "90")).verdict == ("completed", "passed")


def test_a_pause_is_not_judged() -> None:
    attempt = Attempt({"mastery_score": 80}).open().set((RAW, "10"), (STATUS, "incomplete"))
    assert attempt.finish((EXIT, "suspend")).verdict == ("incomplete", "unknown")


def test_without_a_score_the_status_stands() -> None:
    assert Attempt({"mastery_score": 80}).open().finish((STATUS, "passed")).verdict == ("completed", "passed")


def test_mastery_can_be_switched_off_and_set() -> None:
    off = Attempt({"mastery_score": 80}, {"mastery_override": False})
    assert off.open().finish((RAW, "10"), (STATUS, "passed")).verdict == ("completed", "passed")
    other = Attempt({"mastery_score": 80}, {"mastery_score": 50})
    assert other.open().finish((RAW, "60")).verdict == ("completed", "passed")
    assert other.launch()["cmi.student_data.mastery_score"] == "50"
    nought = Attempt({"mastery_score": 80}, {"mastery_score": 0})
    assert nought.open().finish((RAW, "0")).verdict == ("completed", "passed")


# --- Coming back


def test_entry() -> None:
    attempt = Attempt()
    assert attempt.entry == "ab-initio"
    assert attempt.open().entry == "resume"  # the page was reloaded
    assert attempt.leave().entry == "resume"  # no LMSFinish
    assert attempt.open().finish((EXIT, "suspend")).entry == "resume"
    assert attempt.leave().entry == "resume"
    attempt.sessions += 1
    assert attempt.say("session.started").entry == "resume"  # opened again, LMSInitialize still to come
    assert attempt.open().finish((EXIT, "")).entry == ""
    assert attempt.leave().entry == ""
    assert attempt.open().finish((EXIT, "logout")).entry == ""
    assert attempt.open().finish((EXIT, "time-out")).entry == ""


def test_an_exit_counts_for_its_own_run_only() -> None:
    attempt = Attempt().open().finish((EXIT, "suspend"))
    assert attempt.open().finish().entry == ""


def test_entry_of_courses_that_forget_to_suspend() -> None:
    attempt = Attempt(settings={"always_resume": True}).open()
    assert attempt.finish().entry == ""
    assert attempt.open().finish(("cmi.suspend_data", "page 3")).entry == "resume"


def test_review_changes_nothing() -> None:
    attempt = Attempt().open().set((STATUS, "completed"), ("cmi.suspend_data", "mine")).finish((EXIT, "suspend"))
    before = attempt.state
    attempt.state = replace(attempt.state, mode="review")
    attempt.open().set((STATUS, "failed"), (RAW, "1"), ("cmi.suspend_data", "x")).finish().leave()
    assert attempt.state.cells == before.cells
    assert attempt.outcome == before.outcome
    values = attempt.launch()
    assert (values["cmi.core.entry"], values["cmi.core.lesson_mode"], values["cmi.core.credit"]) == (
        "",
        "review",
        "no-credit",
    )
    assert values["cmi.suspend_data"] == "mine"


def test_everything_is_there_again() -> None:
    written = {
        "cmi.core.lesson_location": "7",
        "cmi.suspend_data": "x" * 70_000,
        "cmi.comments": "hm",
        "cmi.objectives.0.id": "first",
        "cmi.objectives.0.score.raw": "5",
        "cmi.student_preference.speed": "-20",
    }
    attempt = Attempt(
        {"data_from_lms": "a=1\nb=2", "max_time_allowed": "00:30:00", "time_limit_action": "exit,message"}
    )
    values = attempt.open().set(*written.items(), (EXIT, "suspend")).leave().launch()
    assert written.items() <= values.items()
    assert values["cmi.launch_data"] == "a=1\nb=2"
    assert values["cmi.student_data.max_time_allowed"] == "00:30:00"
    assert values["cmi.student_data.time_limit_action"] == "exit,message"
    assert EXIT not in values


def test_records_go_on_where_they_ended() -> None:
    attempt = Attempt().open().set(("cmi.interactions.0.id", "q1"), ("cmi.interactions.0.type", "choice")).leave()
    context = LaunchContext(UUID(int=1), 1, UUID(int=2), LearnerView("1"), "One", (), attempt.state)
    boot = SCORM.launch(context).bootstrap
    assert boot["counts"] == {"cmi.interactions": 1}
    assert [name for name in boot["values"] if "interactions" in name] == ["cmi.interactions.0.type"]  # type: ignore[union-attr]
    attempt.open().set(("cmi.interactions.1.id", "q2"))
    assert len(SCORM.report(attempt.state).details["interactions"]) == 2  # type: ignore[arg-type]


# --- Time


def seconds(attempt: Attempt) -> float:
    return attempt.outcome.duration_seconds


def test_reported_times_add_up_once_each() -> None:
    attempt = Attempt().open().set((TIME, "0000:10:00"), after=30).set((TIME, "0001:00:00.50"), after=5)
    assert seconds(attempt) == 3600.5
    assert seconds(attempt.finish().leave(after=500)) == 3600.5
    assert attempt.launch()["cmi.core.total_time"] == "0001:00:00.50"
    assert seconds(attempt.open(after=9000)) == 3600.5
    assert seconds(attempt.finish((TIME, "0000:30:00"))) == 5400.5
    assert attempt.launch()["cmi.core.total_time"] == "0001:30:00.50"


def test_a_reload_within_a_session_starts_a_new_count() -> None:
    attempt = Attempt().open().set((TIME, "00:10:00")).say("scorm.initialize").set((TIME, "00:00:05"))
    assert seconds(attempt) == 605


def test_time_is_measured_where_content_reports_none() -> None:
    attempt = Attempt().open().set(("cmi.core.lesson_location", "1"), after=60).finish(after=30)
    assert seconds(attempt.leave(after=10)) == 100
    attempt.open(after=100_000).set(("cmi.core.lesson_location", "2"), after=7200).set((STATUS, "passed"), after=20)
    assert seconds(attempt) == 120  # two hours of silence are absence
    assert seconds(attempt.leave("idle", after=1000)) == 120
    quiet = Attempt(settings={"wall_clock_time": False}).open().finish(after=60)
    assert seconds(quiet) == 0


def test_a_reported_zero_is_believed() -> None:
    assert seconds(Attempt().open().finish((TIME, "00:00:00"), after=60)) == 0


# --- Order and lateness


def test_older_sessions_raise_and_never_lower() -> None:
    attempt = Attempt().open().leave().open().set((STATUS, "incomplete"), ("cmi.suspend_data", "new"))
    attempt.set(("cmi.suspend_data", "old"), (STATUS, "passed"), (RAW, "90"), session=1)
    assert attempt.verdict == ("completed", "passed")
    assert attempt.outcome.score_raw == 90
    assert attempt.launch()["cmi.suspend_data"] == "new"
    attempt.set((STATUS, "failed"), (RAW, "1"), session=1).finish(session=1)
    assert attempt.verdict == ("completed", "passed")
    assert attempt.outcome.score_raw == 90
    assert attempt.set(("cmi.suspend_data", "newer")).launch()["cmi.suspend_data"] == "newer"


def test_a_late_commit_after_the_end_counts() -> None:
    assert Attempt().open().leave("idle").set((STATUS, "passed")).verdict == ("completed", "passed")


# --- What listeners and people see


def test_answers_are_facts() -> None:
    base = "cmi.interactions.0"
    attempt = Attempt().open()
    attempt.set((f"{base}.id", "q1"), (f"{base}.type", "choice"), (f"{base}.correct_responses.0.pattern", "b"))
    assert attempt.facts == []
    attempt.set((f"{base}.student_response", "a"), (f"{base}.result", "wrong"), (f"{base}.objectives.0.id", "o1"))
    assert attempt.facts == [
        Fact(
            "answered",
            {
                "index": 0,
                "id": "q1",
                "type": "choice",
                "student_response": "a",
                "result": "wrong",
                "correct_responses": ["b"],
                "objectives": ["o1"],
            },
        )
    ]


def test_the_report() -> None:
    base = "cmi.interactions.0"
    attempt = Attempt().open()
    attempt.set((RAW, "80"), ("cmi.core.score.max", "100"), (STATUS, "passed"), (TIME, "0001:30:45.50"))
    attempt.set(("cmi.core.lesson_location", "p\x00" * 300), ("cmi.suspend_data", "x" * 5000))
    attempt.set(("cmi.objectives.0.id", "goal"), ("cmi.objectives.0.status", "passed"))
    attempt.set((f"{base}.id", "q1"), (f"{base}.result", "correct"), (f"{base}.student_response", "b"))
    rows = dict(SCORM.report(attempt.state).rows)
    assert rows["Status"] == "passed"
    assert rows["Score"] == "80 (0 to 100)"
    assert rows["Time"] == "1h 30m 45s"
    assert len(rows["Place"]) == 200
    assert "\x00" not in rows["Place"]
    assert rows["Saved data"] == "5,000 characters"
    assert rows["Objective goal"] == "passed"
    assert rows["Question q1"] == "correct: b"


def test_values_no_database_keeps_come_back_whole() -> None:
    text = "a\x00\ud800b"
    packed = {"utf16": "YQAAAADYYgA="}
    attempt = Attempt().open().say("scorm.set", {"values": [["cmi.suspend_data", packed]]})
    assert attempt.launch()["cmi.suspend_data"] == packed
    attempt.say("scorm.set", {"values": [["cmi.suspend_data", text]]})  # unpacked by a client that knows no better
    assert attempt.launch()["cmi.suspend_data"] == packed


@pytest.mark.parametrize(
    "values",
    [None, "x", 7, {}, [[]], [["cmi.suspend_data"]], [["cmi.suspend_data", 5]], [["cmi.suspend_data", "a", "b"]],
     [[5, "a"]], [["cmi.suspend_data", {"utf16": "no base64!"}]], [["cmi.suspend_data", {"utf16": "YQ=="}]],
     [["cmi.core.student_id", "me"]], [["cmi.core.total_time", "9999:00:00"]], [["__proto__", "x"]]],
)  # fmt: skip
def test_garbage_changes_nothing(values: Any) -> None:
    attempt = Attempt().open().set(("cmi.suspend_data", "mine"), (STATUS, "incomplete"))
    before = attempt.launch(), attempt.outcome
    attempt.say("scorm.set", {"values": values})
    assert (attempt.launch(), attempt.outcome) == before


def test_good_values_beside_garbage_count() -> None:
    attempt = Attempt().open().say("scorm.set", {"values": [["nonsense", "1"], None, [STATUS, "passed"]]})
    assert attempt.outcome.success is Success.PASSED
    assert attempt.outcome.completion is Completion.COMPLETED


def test_strict_courses_are_held_to_the_letter() -> None:
    assert (
        Attempt(settings={"strict": True}).open().set(("cmi.suspend_data", "x" * 4097)).launch().get("cmi.suspend_data")
        is None
    )


# --- One commit, in any order


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_what_one_commit_says_may_come_in_any_order(seed: int, *, strict: bool) -> None:
    """The browser says each element where content set it last: a type that is set again comes after its answer."""
    said = [
        ("cmi.objectives.0.id", "goal"),
        ("cmi.objectives.0.status", "passed"),
        ("cmi.objectives.1.id", "other"),
        ("cmi.objectives.1.score.raw", "40"),
        *((f"cmi.interactions.{n}.{part}", text) for n in range(2) for part, text in _ANSWER.items()),
        (RAW, "70"),
        (STATUS, "passed"),
    ]
    mixed = random.Random(seed).sample(said, len(said))
    plain, other = (Attempt(settings={"strict": strict}).open().set(*pairs) for pairs in (said, mixed))
    assert _cell(other)["values"] == _cell(plain)["values"] == dict(said)
    assert _cell(other)["counts"] == _cell(plain)["counts"]
    assert [fact.data for fact in other.facts] == [fact.data for fact in plain.facts]
    assert len(other.facts) == 2


_ANSWER = {
    "id": "q",
    "type": "choice",
    "correct_responses.0.pattern": "a",
    "correct_responses.1.pattern": "b",
    "student_response": "a",
    "result": "correct",
}


def _cell(attempt: Attempt) -> dict[str, Any]:
    [cell] = attempt.state.cells.values()
    return dict(cell)


@pytest.mark.parametrize(
    ("end", "paused"),
    [
        (lambda attempt: attempt.finish((EXIT, "suspend")), True),
        (lambda attempt: attempt.finish((EXIT, "suspend")).leave().open(), True),
        (lambda attempt: attempt.finish((EXIT, "suspend")).leave().open().finish().leave(), False),
        (lambda attempt: attempt.finish().leave(), False),
        (lambda attempt: attempt.leave(), False),
    ],
)
def test_a_passed_course_is_paused_where_it_was_suspended(end: Callable[[Attempt], Attempt], *, paused: bool) -> None:
    attempt = Attempt().open().set((STATUS, "passed"))
    assert SCORM.is_paused(end(attempt).state) is paused


def test_the_time_measured_here_can_be_all_that_counts() -> None:
    said = (TIME, "10:00:00")
    assert Attempt().open().finish(said, after=60).outcome.duration_seconds == 36_000
    assert Attempt(settings={"measured_time": True}).open().finish(said, after=60).outcome.duration_seconds == 60
