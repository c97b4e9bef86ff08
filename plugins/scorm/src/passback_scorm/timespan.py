"""CMITimespan, HHHH:MM:SS.SS (SCORM 1.2 RTE 3.4.2.2), in hundredths of a second."""

import re

LONGEST = ((9999 * 60 + 59) * 60 + 59) * 100 + 99
_TIMESPAN = re.compile(r"([0-9]{1,6}):([0-9]{1,2}):([0-9]{1,2})(?:\.([0-9]*))?")


def parse_timespan(text: str) -> int | None:
    """Return hundredths of a second, or None where `text` is no timespan. Minutes and seconds may exceed 59."""
    match = _TIMESPAN.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = (int(part) for part in match.groups()[:3])
    hundredths = int((match[4] or "").ljust(2, "0")[:2])
    return min(((hours * 60 + minutes) * 60 + seconds) * 100 + hundredths, LONGEST)


def format_timespan(hundredths: int) -> str:
    """Return `0001:30:45.50`; what is longer than the format allows is cut to its longest."""
    seconds, rest = divmod(max(0, min(hundredths, LONGEST)), 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:04d}:{minutes:02d}:{seconds:02d}.{rest:02d}"


def spoken_timespan(hundredths: int) -> str:
    """Return a time for people: `1h 30m 45s`."""
    minutes, seconds = divmod(max(0, hundredths) // 100, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return " ".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
