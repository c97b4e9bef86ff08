"""The dates of links: what a picker's form means, and what an LMS says of them."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from passback.lti.link_dates import DATE_PARAMETERS, dates_said
from passback.lti.picker_form import PickerInputError, filled_by, read_picked
from passback.tracking.windows import is_early, is_over, is_shut, zone_names, zone_of


def form(**fields: str) -> MultiDict[str, str]:
    return MultiDict({"course": str(uuid4()), **fields})


@pytest.fixture(autouse=True)
def request_of_a_teacher(sqlite_app: Flask) -> object:
    with sqlite_app.test_request_context():
        yield


@pytest.mark.parametrize(
    ("local", "zone", "utc"),
    [
        ("2027-01-31T23:59", "Europe/Berlin", datetime(2027, 1, 31, 22, 59, tzinfo=UTC)),
        ("2027-07-31T23:59", "Europe/Berlin", datetime(2027, 7, 31, 21, 59, tzinfo=UTC)),  # summer
        ("2027-01-31T23:59", "Asia/Kolkata", datetime(2027, 1, 31, 18, 29, tzinfo=UTC)),
        ("2027-01-31T23:59", "", datetime(2027, 1, 31, 23, 59, tzinfo=UTC)),
        ("2027-01-31T23:59:00+02:00", "Asia/Kolkata", datetime(2027, 1, 31, 21, 59, tzinfo=UTC)),
    ],
)
def test_a_local_time_is_an_instant_and_is_shown_as_it_was_entered(local: str, zone: str, utc: datetime) -> None:
    (choice,) = read_picked(form(submission_until=local, zone=zone), multiple=False)
    assert choice.submission_until == utc
    assert choice.zone == (zone or "UTC")
    if "+" not in local:
        assert filled_by(choice)["submission_until"] == local


def test_without_dates_there_is_no_zone_to_show() -> None:
    (choice,) = read_picked(form(zone="Europe/Berlin"), multiple=False)
    assert choice.zone == ""


@pytest.mark.parametrize("zone", ["Europe", "../etc/passwd", "Mars/Base", "EST5EDT\0"])
def test_a_zone_is_one_of_the_list(zone: str) -> None:
    with pytest.raises(PickerInputError):
        read_picked(form(zone=zone), multiple=False)
    assert zone_of(zone).key == "UTC"


def test_what_was_chosen_before_fills_the_form_to_the_letter() -> None:
    fields = {
        "counts": "pass",
        "points": "12.5",
        "pass_mark": "66.6667",
        "which_attempt": "average",
        "max_attempts": "3",
        "columns": "course",
        "title": "Bees",
        "text": "All about them",
        "target": "window",
        "width": "800",
        "height": "",
        "available_from": "2027-01-10T08:00",
        "available_until": "",
        "submission_from": "",
        "submission_until": "2027-02-01T23:59",
        "zone": "America/New_York",
        "keeps_out": "yes",
    }
    asked = form(**fields)
    (choice,) = read_picked(asked, multiple=False, targets=("window",))
    assert dict(filled_by(choice)) == dict(asked)


@pytest.mark.parametrize(
    "text", ["", "$ResourceLink.available.startDateTime", "2027-01-31", "2027-01-31T10:00", "soon"]
)
def test_an_lms_that_does_not_know_the_variables_says_nothing(text: str) -> None:
    assert dates_said(dict.fromkeys(DATE_PARAMETERS, text)) == {}


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+05:00"])
def test_a_date_that_stands_for_never_stops_no_launch(text: str) -> None:
    """The year 9999 has no instant in UTC or in the teacher's zone: keeping or showing it would be a fault of ours."""
    assert dates_said(dict.fromkeys(DATE_PARAMETERS, text)) == {}


def test_an_lms_that_knows_them_tells_instants() -> None:
    said = dates_said(
        {"passback_available_from": "2027-01-31T10:00:00Z", "passback_submission_until": "0001-01-01T00:00Z"}
    )
    assert said == {"available_from": "2027-01-31T10:00:00+00:00"}


def test_learners_are_kept_out_by_the_available_dates_alone() -> None:
    fields = {"available_from": "2027-01-10T08:00", "available_until": "2027-02-10T08:00"}
    (choice,) = read_picked(form(**fields, keeps_out="yes", submission_until="2027-01-20T08:00"), multiple=False)
    before, first, late, end = (
        datetime(2027, month, day, hour, tzinfo=UTC)
        for month, day, hour in ((1, 10, 7), (1, 10, 8), (2, 1, 0), (2, 10, 8))
    )
    assert [is_shut(choice, moment) for moment in (before, first, late, end)] == [True, False, False, True]
    assert is_early(choice, before)
    assert is_over(choice, end)
    choice.keeps_out = False
    assert not is_shut(choice, before)


def test_the_list_holds_places_not_abbreviations() -> None:
    names = zone_names()
    assert names[0] == "UTC"
    assert {"Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo"} <= set(names)
    assert "EST" not in names
