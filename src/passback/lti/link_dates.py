"""Dates of a link: the picker's, and the LMS's own, which it tells in custom parameters where it knows the variables.

LTI Core §C names the variables. Where an LMS fills them in, its dates win: a teacher who moves a deadline there would
otherwise leave learners with two. An LMS that does not know them sends them back as they are, or empty.
"""

from collections.abc import Mapping
from datetime import datetime

from passback.tracking.windows import YEARS, Windows

VARIABLES = {
    "available_from": "$ResourceLink.available.startDateTime",
    "available_until": "$ResourceLink.available.endDateTime",
    "submission_from": "$ResourceLink.submission.startDateTime",
    "submission_until": "$ResourceLink.submission.endDateTime",
}
_PREFIX = "passback_"

DATE_PARAMETERS = {f"{_PREFIX}{name}": variable for name, variable in VARIABLES.items()}
"""Custom parameters that ask the LMS for the dates of the link."""


def dates_said(custom: Mapping[str, str]) -> dict[str, str]:
    """Return the dates that a launch tells, in ISO 8601; what is no instant with a zone says nothing."""
    said = {name: read_instant(custom.get(f"{_PREFIX}{name}", "")) for name in VARIABLES}
    return {name: moment.isoformat() for name, moment in said.items() if moment is not None}


def read_instant(text: str) -> datetime | None:
    """Return the instant that an ISO 8601 text means, None where it means none, or one that stands for "never"."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and moment.year in YEARS else None


def changed_dates(windows: Windows, said: Mapping[str, str]) -> dict[str, datetime]:
    """Return those of the LMS's dates that are not what is kept."""
    told = {name: datetime.fromisoformat(text) for name, text in said.items()}
    return {name: moment for name, moment in told.items() if getattr(windows, name) != moment}
