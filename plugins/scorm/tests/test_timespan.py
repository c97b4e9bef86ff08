"""CMITimespan (RTE 3.4.2.2) and the examples of the requirements."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passback_scorm.timespan import LONGEST, format_timespan, parse_timespan, spoken_timespan


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0001:30:45.50", 5445.5),
        ("00:00:00", 0),
        ("0000:00:00.5", 0.5),
        ("0000:00:01.999", 1.99),  # hundredths are all there is
        ("1:2:3", 3723),
        ("0000:99:99", 6039),  # minutes and seconds may exceed 59
        ("9999:99:99.99", LONGEST / 100),  # what Rustici's courses write for too long
    ],
)
def test_parse(text: str, seconds: float) -> None:
    assert parse_timespan(text) == round(seconds * 100)


@pytest.mark.parametrize(
    "text",
    ["", "12", "1:2", "a:b:c", "-1:00:00", "1:00:00,5", "PT1H", "\u0660\u0660:\u0660\u0660:\u0660\u0660", "1:00:00\n"],
)
def test_what_is_no_time(text: str) -> None:
    assert parse_timespan(text) is None


def test_sums() -> None:
    total = (parse_timespan("0001:00:00") or 0) + (parse_timespan("0000:30:00") or 0)
    assert format_timespan(total) == "0001:30:00.00"
    assert format_timespan(LONGEST + 1) == "9999:59:59.99"
    assert format_timespan(-1) == "0000:00:00.00"


def test_for_people() -> None:
    assert spoken_timespan(544550) == "1h 30m 45s"
    assert spoken_timespan(360000) == "1h"
    assert spoken_timespan(99) == "0s"


@given(st.integers(0, LONGEST))
def test_what_is_written_is_read(hundredths: int) -> None:
    assert parse_timespan(format_timespan(hundredths)) == hundredths
