"""timeinterval(second,10,2), an ISO 8601 duration (SCORM 2004 RTE 4.1.1.7), in hundredths of a second.

A year counts 365 days and a month 30: calendars cannot be asked, and no session lasts that long.
"""

import re

_INTERVAL = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,9})Y)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})(?:\.([0-9]*))?S)?)?"
)
_SECONDS = (365 * 86400, 30 * 86400, 86400, 3600, 60, 1)


def parse_interval(text: str) -> int | None:
    """Return hundredths of a second, or None where `text` is no time interval. What is finer is cut off."""
    match = _INTERVAL.fullmatch(text)
    if match is None:
        return None
    *whole, fraction = match.groups()
    seconds = sum(int(part or 0) * length for part, length in zip(whole, _SECONDS, strict=True))
    return seconds * 100 + int((fraction or "").ljust(2, "0")[:2])


def format_interval(hundredths: int) -> str:
    """Return `PT1H30M45.5S`: hours, minutes and seconds, which every course can read, however long it was."""
    seconds, rest = divmod(max(0, hundredths), 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{rest:02d}".rstrip("0") if rest else ""
    return f"PT{hours}H{minutes}M{seconds}{fraction}S"
