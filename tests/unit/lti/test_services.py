"""Addresses of services, paging, Retry-After."""

from datetime import UTC, datetime

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from passback.lti.ags import instant
from passback.lti.services import _next_page, below, with_query
from passback.lti.tokens import retry_after
from passback.outbound import HttpAnswer

BASE = "https://lms.example/services.php/2/lineitems/7/lineitem"


@pytest.mark.parametrize(
    ("line_item", "scores"),
    [
        (BASE, BASE + "/scores"),
        (BASE + "?type_id=1", BASE + "/scores?type_id=1"),  # Moodle
        (BASE + "/?a=b%2Fc&a=", BASE + "/scores?a=b%2Fc&a="),
        (BASE + "?q=/x?y#part", BASE + "/scores?q=/x?y"),
        ("http://127.0.0.1:8090/x", "http://127.0.0.1:8090/x/scores"),
    ],
)
def test_scores_go_before_the_query(line_item: str, scores: str) -> None:
    assert below(line_item, "scores") == scores


def test_results_of_one_person() -> None:
    assert below(BASE + "?type_id=1", "results", user_id="a b&c") == f"{BASE}/results?type_id=1&user_id=a+b%26c"


def test_a_query_is_added_to_what_is_there_byte_for_byte() -> None:
    url = "https://lms.example/items?bookmark:WyJB=%7e"
    assert with_query(url) == url
    assert with_query(url, resource_link_id="4") == url + "&resource_link_id=4"


def page(link: str) -> HttpAnswer:
    return HttpAnswer(200, {"link": link}, b"[]", "https://lms.example/items?page=1")


@pytest.mark.parametrize(
    ("link", "following"),
    [
        ("", ""),
        ('<https://lms.example/items?page=Bookmark:WyJB>; rel="next"', "https://lms.example/items?page=Bookmark:WyJB"),
        ('<https://lms.example/a>; rel="current", </b?x=1>; rel="next"', "https://lms.example/b?x=1"),
        ('<https://lms.example/a>; rel="last next"', "https://lms.example/a"),
        ('<https://evil.example/a>; rel="next"', ""),
        ('<javascript:alert(1)>; rel="next"', ""),
        ("<https://lms.example/items?a=1&amp;b=2>; rel=“next”", ""),  # Moodle's curly quotes
        ("garbage", ""),
        ('rel="next"', ""),
    ],
)
def test_the_next_page(link: str, following: str) -> None:
    assert _next_page(page(link)) == following


@given(st.text())
def test_a_link_header_of_any_kind_does_no_harm(link: str) -> None:
    found = _next_page(page(link))
    assert found == "" or found.startswith("https://lms.example")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("30", 30.0),
        ("999999", 86400.0),
        ("Sat, 21 Nov 2026 09:01:00 GMT", 60.0),
        ("Sat, 21 Nov 2026 08:00:00 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        ("Sat, 21 Nov 2026 09:01:00", None),
    ],
)
@time_machine.travel(datetime(2026, 11, 21, 9, 0, tzinfo=UTC), tick=False)
def test_retry_after(header: str, seconds: float | None) -> None:
    assert retry_after(HttpAnswer(429, {"retry-after": header}, b"", "")) == seconds


def test_a_time_has_milliseconds_and_a_zone() -> None:
    """Blackboard refuses a time without zone; Canvas compares milliseconds."""
    at = datetime.fromisoformat("2026-11-21T10:02:10.123999+01:00")
    assert instant(at) == "2026-11-21T09:02:10.123Z"
    assert instant(datetime(2026, 11, 21, tzinfo=UTC)) == "2026-11-21T00:00:00.000Z"
