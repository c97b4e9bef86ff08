"""A content type that fails where people only look: results and the way into the course stay."""

from typing import NoReturn

import pytest

from passback.db import tenant_session
from passback.tracking.report import registration_report
from passback.tracking.sessions import Standing
from tests.support.play import Desk, page, score
from tests.support.toy import ToyContentType


@pytest.fixture
def passed(sqlite_desk: Desk) -> Desk:
    """A learner who has passed."""
    sqlite_desk.send(sqlite_desk.open(), [page(1, 1, of=1), score(2, 0.8)], leaving=True)
    return sqlite_desk


def fail(*_arguments: object) -> NoReturn:
    raise KeyError("what an older version of the plugin kept")


def test_a_report_that_fails_takes_no_result_away(passed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ToyContentType, "report", fail)
    with tenant_session(passed.tenant_id) as session:
        report = registration_report(session, passed.registration_id)
    assert (report.score_scaled, report.attempts[0].report) == (0.8, None)
    assert report.grade is not None


def test_a_passed_course_opens_where_nobody_can_say_whether_it_was_paused(
    passed: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ToyContentType, "is_paused", fail)
    assert passed.standing() == Standing("passed", new_attempt_allowed=True, attempts=1)
    assert passed.session(passed.open(go_on=True)).mode == "review"
