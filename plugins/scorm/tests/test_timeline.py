"""The timeline of an attempt: what the browser lists, and what support reads of it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from plugins.scorm.tests.conformance.test_api import COMMIT, FINISH, START, boot, get, put

from passback.plugin import RuntimeEvent, Timeline
from passback_scorm.timeline import timeline

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTENT: dict[str, Any] = {"edition": "1.2", "organization": {"items": [{"id": "sco", "title": "One", "kind": "sco"}]}}
OPENED, CLOSED = ("session.started", {}), ("session.ended", {"reason": "left"})


def calls(*lines: list[Any], more: int = 0) -> dict[str, Any]:
    return {"calls": {"lines": list(lines), "more": more}}


def told(*said: tuple[str, dict[str, Any]], content: dict[str, Any] = CONTENT, activity: str = "sco") -> Timeline:
    events = [
        RuntimeEvent(UUID(int=1), n, kind, "" if kind[:7] == "session" else activity, NOON + timedelta(minutes=n), data)
        for n, (kind, data) in enumerate(said)
    ]
    return timeline(events, content)


def texts(found: Timeline) -> list[str]:
    return [entry.text for entry in found.entries]


# --- What the browser lists


@pytest.fixture
def listed(javascript: Any) -> Any:
    """Run steps against the browser's API; return what its events list, without the times."""

    def run(*steps: dict[str, Any], mode: str = "normal") -> list[dict[str, Any]]:
        [result] = javascript([{"boot": boot(mode), "steps": steps}])
        return [{**one, "lines": [line[1:] for line in one["lines"]]} for one in result["told"]]

    return run


def test_calls_go_with_the_next_event_without_the_learners_words(listed: Any) -> None:
    first, second, end = listed(
        START,
        get("cmi.core.student_id"),
        put("cmi.suspend_data", "my own words"),
        put("cmi.comments", "I liked it"),
        put("cmi.core.lesson_status", "incomplete"),
        put("cmi.core.lesson_location", "page 3"),
        FINISH,
    )
    assert (first["kind"], first["lines"]) == ("scorm.initialize", [["initialize", "", 0, 0, 1]])
    assert second["lines"] == [
        ["set", "cmi.suspend_data", 12, 0, 1],
        ["set", "cmi.comments", 10, 0, 1],
        ["set", "cmi.core.lesson_status", 10, 0, 1, "incomplete"],
    ]
    assert end["kind"] == "scorm.finish"
    assert end["lines"] == [["set", "cmi.core.lesson_location", 6, 0, 1, "page 3"], ["terminate", "", 0, 0, 1]]


def test_what_is_refused_is_listed_and_repeats_are_counted(listed: Any) -> None:
    wrong = [put("cmi.core.lesson_status", "done")] * 12
    [before, after] = listed(put("cmi.core.lesson_location", "1"), START, *wrong, get("cmi.nowhere"), COMMIT, FINISH)
    assert before["lines"] == [["set", "cmi.core.lesson_location", 1, 301, 1, "1"], ["initialize", "", 0, 0, 1]]
    assert after["lines"] == [
        ["set", "cmi.core.lesson_status", 4, 405, 12, "done"],
        ["get", "cmi.nowhere", 0, 401, 1],
        ["commit", "", 0, 0, 1],
        ["terminate", "", 0, 0, 1],
    ]


def test_thousands_of_calls_make_no_endless_list(listed: Any) -> None:
    wrong = [put(f"cmi.core.no_such_element_{n}" + "x" * 500, "?") for n in range(200)]
    _first, rest = listed(START, *wrong, FINISH)
    assert (len(rest["lines"]), rest["more"]) == (60, 141)
    assert all(len(line[1]) == 120 for line in rest["lines"])


def test_a_last_commit_is_told_though_nothing_has_changed_since(listed: Any) -> None:
    found = listed(START, put("cmi.core.lesson_location", "1"), {"timers": True}, COMMIT, {"teardown": True})
    assert [(one["kind"], one["lines"][-1][0]) for one in found] == [
        ("scorm.initialize", "initialize"),
        ("scorm.set", "set"),
        ("scorm.calls", "commit"),
    ]


def test_a_review_lists_nothing(listed: Any) -> None:
    assert listed(START, put("cmi.core.lesson_status", "done"), COMMIT, FINISH, mode="review") == []


# --- What support reads


def test_a_session_step_by_step() -> None:
    found = told(
        OPENED,
        ("scorm.initialize", calls([0, "initialize", "", 0, 0, 1])),
        (
            "scorm.commit",
            calls(
                [90_000, "set", "cmi.core.lesson_status", 6, 0, 1, "passed"],
                [0, "set", "cmi.suspend_data", 2048, 0, 3],
                [0, "set", "cmi.core.score.raw", 3, 405, 12, "abc"],
                [0, "commit", "", 0, 0, 1],
                more=4000,
            ),
        ),
        ("scorm.finish", calls([0, "terminate", "", 0, 0, 1])),
        CLOSED,
    )
    assert texts(found) == [
        "The course was opened",
        "LMSInitialize",
        "LMSSetValue cmi.core.lesson_status = “passed”",
        "LMSSetValue cmi.suspend_data (2,048 characters), 3 times",
        "LMSSetValue cmi.core.score.raw = “abc”, 12 times: refused, error 405, incorrect data type",
        "LMSCommit",
        "4,000 more calls that are not listed",
        "LMSFinish",
        "The course was closed: left",
    ]
    assert [entry.trouble for entry in found.entries].index(True) == 4
    assert found.entries[2].at == NOON + timedelta(minutes=2) - timedelta(seconds=90)
    assert found.findings == (
        "LMSSetValue of cmi.core.score.raw was refused 12 times: error 405, incorrect data type.",
    )


def test_the_quiz_that_was_never_committed() -> None:
    started = ("scorm.initialize", calls([0, "initialize", "", 0, 0, 1]))
    quiz = ("scorm.set", calls([0, "set", "cmi.core.score.raw", 2, 0, 1, "80"], [0, "set", "cmi.core.exit", 0, 0, 1]))
    found = told(OPENED, started, ("scorm.calls", calls([0, "commit", "", 0, 0, 1])), quiz, CLOSED)
    assert found.findings == (
        "LMSFinish was never called; a session that ends without it counts as a pause.",
        "LMSCommit was not called after the last 2 changes; Passback had saved them by itself.",
    )
    assert told(OPENED, started, quiz).findings == ()  # still open: nothing to conclude yet


def test_content_that_says_nothing() -> None:
    assert told(OPENED, CLOSED).findings == (
        "LMSInitialize was never called: the content looked for no run time, or found none.",
    )
    ended = told(OPENED, ("scorm.initialize", {}), ("scorm.finish", {}), CLOSED)
    assert ended.findings == ("it ended without setting anything: no status and no score.",)


def test_the_same_in_several_sessions_is_said_once() -> None:
    session = (OPENED, ("scorm.initialize", {}), CLOSED)
    assert told(*session, *session, *session).findings == (
        "LMSFinish was never called; a session that ends without it counts as a pause. (in 3 sessions)",
    )


def test_events_without_a_list_are_told_without_values() -> None:
    found = told(OPENED, ("scorm.initialize", {}), ("scorm.commit", {"values": [["cmi.suspend_data", "secret"]]}))
    assert texts(found)[1:] == ["LMSInitialize", "LMSSetValue cmi.suspend_data (6 characters)", "LMSCommit"]


def test_several_activities_are_named_and_speak_their_version() -> None:
    items = [{"id": "sco", "title": "First", "kind": "sco"}, {"id": "b", "title": "Second", "kind": "sco"}]
    content = {"edition": "2004-4", "organization": {"items": items}}
    asked = calls([0, "get", "cmi.location", 0, 403, 7], [0, "get", "cmi.x", 0, 401, 1])
    found = told(
        OPENED, ("scorm.set", asked), ("scorm.navigate", {"request": "choice", "target": "b"}), content=content
    )
    assert found.entries[1].activity == "First"
    assert texts(found)[-1] == "The learner or the course asked to go on: choice to “Second”"
    assert [text.partition(" was")[0] for text in found.findings] == [
        "GetValue of cmi.x"
    ]  # asking for the unset is usual


@pytest.mark.parametrize(
    "garbage",
    [
        {"calls": 7},
        {"calls": {"lines": 7, "more": "x"}},
        {"calls": {"lines": [7, [], ["x"] * 6, [0, [], "", 0, 0, 1], [0, "eval", "", 0, 0, 1]]}},
        {
            "calls": {
                "lines": [[-1, "set", {"utf16": 1}, "x", True, -5, {"a": 1}], [1e300, "set", None, None, None, None]]
            }
        },
        {"values": [["\ud800", "x"], 7]},
    ],
)
def test_garbage_is_told_as_nothing_much(garbage: dict[str, Any]) -> None:
    found = told(OPENED, ("scorm.set", garbage), ("scorm.navigate", {"request": 7, "target": []}), CLOSED)
    assert all(entry.text.encode() for entry in found.entries)


def test_a_huge_list_is_cut() -> None:
    found = told(("scorm.set", calls(*([[0, "set", "x" * 10_000, 0, 0, 1]] * 5000))))
    assert len(found.entries) == 100
    assert max(len(text) for text in texts(found)) < 200
