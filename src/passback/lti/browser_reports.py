"""What a browser lets pages of ours do: the list of the self-check, and what of it a launch's record may keep.

Names and values are from this list only; nothing that a browser says is kept as text.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from passback.db import Unscoped, unscoped
from passback.lti.browser_errors import ReportRefusedError
from passback.lti.models import LaunchRecord
from passback.runtime import runtime

REPORTED = "browser"
"""Key in `LaunchRecord.facts` under which a report is kept."""
TICKET_SECONDS = 24 * 3600
MOST_BYTES = 2000
_TICKET = "lti-check"


@dataclass(frozen=True)
class Result:
    """One thing that a test may find. `good` None: neither good nor bad; `advice`: what to do, for the learner."""

    value: str
    words: str
    good: bool | None = True
    advice: str = ""


@dataclass(frozen=True)
class Check:
    """One test. `button`: what people press to run it, for tests that would disturb if they ran by themselves."""

    name: str
    label: str
    results: tuple[Result, ...]
    button: str = ""


_COOKIE_ADVICE = "Courses open all the same, if need be in a new tab. To open them here, allow cookies for this site."

CHECKS = (
    Check(
        "frame",
        "Where this page is shown",
        (
            Result("inside", "inside a page of another site, as most LMSs show courses", None),
            Result("own", "in a window of its own", None),
        ),
    ),
    Check(
        "cookies",
        "Cookies",
        (
            Result("kept", "are kept"),
            Result("refused", "are refused here", None, "That alone is no obstacle: Passback does without them."),
        ),
    ),
    Check(
        "partitioned",
        "Cookies for this LMS only (partitioned)",
        (Result("kept", "are kept"), Result("refused", "are refused here", False, _COOKIE_ADVICE)),
    ),
    Check(
        "storage",
        "Storage on this device",
        (
            Result("kept", "may be used"),
            Result(
                "refused",
                "is refused here",
                False,
                "Your results are sent at once instead of being kept here first: stay online while you work, or open "
                "the course in a window of its own.",
            ),
        ),
    ),
    Check(
        "platform_storage",
        "The LMS's own storage (platform storage)",
        (
            Result("offered", "is offered by the LMS around this page"),
            Result("none", "is not offered here", None, "Passback does not need it where cookies or new tabs work."),
        ),
    ),
    Check(
        "content",
        "The address that courses come from",
        (
            Result("reached", "can be reached"),
            Result(
                "unreachable",
                "cannot be reached from here",
                False,
                "A network filter, a content blocker or the name service stops it: ask whoever runs your network.",
            ),
        ),
    ),
    Check(
        "clock",
        "The clock of this device",
        (
            Result("right", "is right"),
            Result("ahead", "is ahead by more than a minute", False, "Let the device set its clock by itself."),
            Result("behind", "is behind by more than a minute", False, "Let the device set its clock by itself."),
        ),
    ),
    Check(
        "popups",
        "New tabs and windows",
        (
            Result("opened", "open"),
            Result("blocked", "are blocked", False, "Allow pop-up windows for this site and for your LMS."),
        ),
        button="Test a new window",
    ),
    Check(
        "dialogs",
        "Questions that a course asks in a box of its own",
        (
            Result("shown", "are shown"),
            Result("hushed", "are suppressed here", False, "Open such courses in a window of their own."),
        ),
        button="Test a question",
    ),
)
_WORDS = {(check.name, one.value): f"{check.label} {one.words}." for check in CHECKS for one in check.results}


def ticket(code: str) -> str:
    """Return what lets a page add its browser's report to the record of one launch, for a day."""
    return runtime().sealer.sign(_TICKET, code)


def code_of(ticket: str) -> str:
    """Return whose launch a ticket is for.

    Raises:
        TokenError: forged, damaged, or older than a day.
    """
    return str(runtime().sealer.verify(_TICKET, ticket, max_age=TICKET_SECONDS))


def read_report(said: JsonValue) -> dict[str, str]:
    """Return a report that names tests and results of the list.

    Raises:
        ReportRefusedError: it says anything else, or nothing.
    """
    if not isinstance(said, dict) or not said or len(said) > len(CHECKS):
        raise ReportRefusedError("no object of tests")
    report = {}
    for name, value in said.items():
        if not isinstance(value, str) or (name, value) not in _WORDS:
            raise ReportRefusedError("a test or a result that is not on the list")
        report[name] = value
    return report


def attach(code: str, report: Mapping[str, str]) -> bool:
    """Keep a report with the record of its launch; a later one takes its place. False where there is no record."""
    with unscoped(Unscoped.LOGIN, write=True) as session:
        record = session.get(LaunchRecord, code, with_for_update=True)
        if record is None:
            return False
        record.facts = {**record.facts, REPORTED: dict(report)}
        return True


def words_of(facts: Mapping[str, object]) -> list[str]:
    """Return the report of a launch's record in words."""
    report = facts.get(REPORTED)
    if not isinstance(report, dict):
        return []
    found = [_WORDS[name, value] for name, value in report.items() if (name, value) in _WORDS]
    return [f"The browser reported: {words}" for words in found]
