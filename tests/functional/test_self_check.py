"""What a browser reports of itself: from the page's own launch, from a fixed list, and nothing else."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from werkzeug.test import TestResponse

from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.lti import browser_reports, debugger, records
from tests.support.lti import TOOL, School

CHECK = f"{TOOL}/lti/check"


def refused(school: School) -> tuple[str, str]:
    """Have a launch refused; return its code and the ticket of its page."""
    page = school.launch(change_form=lambda form: {**form, "id_token": "garbage"}).reply.text
    code, ticket = re.search(r"Launch code: ([\w-]+)", page), re.search(r'data-ticket="([^"]+)"', page)
    assert code is not None
    assert ticket is not None
    return code[1], ticket[1]


def told_of(code: str) -> tuple[str, ...]:
    with unscoped(Unscoped.INSTALLATION) as session:
        record = records.find(session, code)
        assert record is not None
        assert debugger.shared(record).browser == debugger.tell(record).browser
        return debugger.tell(record).browser


def send(school: School, ticket: str, said: object, **how: Any) -> TestResponse:
    return school.client.post(f"{CHECK}/{ticket}", json=said, **how)


def test_a_report_is_told_with_the_launch_it_belongs_to(school: School) -> None:
    (code, ticket), (other, _) = refused(school), refused(school)
    assert send(school, ticket, {"cookies": "refused", "clock": "ahead"}).json == {"saved": True}
    assert "The browser reported: Cookies are refused here." in told_of(code)
    assert "The browser reported: The clock of this device is ahead by more than a minute." in told_of(code)
    assert not [line for line in told_of(other) if "reported" in line]


def test_a_later_report_takes_the_place_of_an_earlier_one(school: School) -> None:
    code, ticket = refused(school)
    for value in ("refused", "kept"):
        assert send(school, ticket, {"cookies": value}).status_code == 200
    assert [line for line in told_of(code) if "reported" in line] == ["The browser reported: Cookies are kept."]


@pytest.mark.parametrize(
    "said",
    [
        None,
        {},
        [],
        "cookies",
        7,
        {"cookies": "<b>"},
        {"cookies": 1},
        {"cookies": None},
        {"cookies": ["kept"]},
        {"user agent": "kept"},
        {"clock": "kept"},
        {"cookies": "kept", "name": "Ines"},
        {f"cookies{number}": "kept" for number in range(40)},
        {"cookies": "k" * 3000},
    ],
)
def test_what_is_not_on_the_list_is_refused(school: School, said: object) -> None:
    code, ticket = refused(school)
    answer = send(school, ticket, said)
    assert answer.status_code == 400
    assert "browser_report" in answer.text
    assert not [line for line in told_of(code) if "reported" in line]


@pytest.mark.parametrize("change", [lambda ticket: ticket[:-1], lambda _: "a.b.c", lambda ticket: "x" + ticket])
def test_another_ticket_is_none(school: School, change: Callable[[str], str]) -> None:
    code, ticket = refused(school)
    assert send(school, change(ticket), {"cookies": "kept"}).status_code == 403
    assert school.client.get(f"{CHECK}/{change(ticket)}").status_code == 403
    assert not [line for line in told_of(code) if "reported" in line]


def test_a_ticket_holds_for_a_day(school: School) -> None:
    _, ticket = refused(school)
    with time_machine.travel(utc_now().timestamp() + browser_reports.TICKET_SECONDS + 2, tick=False):
        assert send(school, ticket, {"cookies": "kept"}).status_code == 403


def test_a_launch_without_record_takes_no_report(school: School) -> None:
    ticket = browser_reports.ticket("2222-2222")
    assert send(school, ticket, {"cookies": "kept"}).status_code == 404


def test_the_page_may_be_framed_by_anybody_and_holds_nothing(school: School) -> None:
    code, ticket = refused(school)
    for url in (CHECK, f"{CHECK}/{ticket}"):
        page = school.client.get(url)
        policy = page.headers["Content-Security-Policy"]
        assert policy.endswith("frame-ancestors *")
        assert "script-src 'self';" in policy
        assert "Set-Cookie" not in page.headers
    assert code in page.text
    assert code not in school.client.get(CHECK).text


def test_every_result_has_words_and_every_obstacle_says_what_to_do() -> None:
    for check in browser_reports.CHECKS:
        assert check.label
        for one in check.results:
            assert one.words
            assert one.advice or one.good is not False, (check.name, one.value)
