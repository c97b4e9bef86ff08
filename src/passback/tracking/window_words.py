"""The dates of a placement for people: in the zone that staff entered them in, which is named."""

from datetime import datetime

from babel.dates import format_datetime
from flask_babel import get_locale
from flask_babel import gettext as _

from passback.tracking.windows import Windows, is_early, zone_of


def date_lines(windows: Windows) -> list[str]:
    """Return a line for each date there is."""
    zone = windows.zone
    lines = (
        (windows.available_from, _("Available from")),
        (windows.available_until, _("Available until")),
        (windows.submission_from, _("Hand in from")),
        (windows.submission_until, _("Hand in until")),
    )
    return [_("%(what)s %(when)s", what=label, when=in_words(moment, zone)) for moment, label in lines if moment]


def next_date(windows: Windows, now: datetime) -> str:
    """Return what a learner at work has to know: the end that comes first, "" where none is ahead."""
    ends = [
        (moment, label)
        for moment, label in (
            (windows.submission_until, _("Hand in until")),
            (windows.available_until, _("Available until")),
        )
        if moment is not None and moment > now
    ]
    if not ends:
        return ""
    moment, label = min(ends)
    return str(_("%(what)s %(when)s", what=label, when=in_words(moment, windows.zone)))


def why_shut(windows: Windows, now: datetime) -> str:
    """Return why a learner is kept out just now."""
    if is_early(windows, now) and windows.available_from is not None:
        return str(_("It opens %(when)s.", when=in_words(windows.available_from, windows.zone)))
    if windows.available_until is not None:
        return str(_("It closed %(when)s.", when=in_words(windows.available_until, windows.zone)))
    return ""


def in_words(moment: datetime, zone: str) -> str:
    """Return an instant with its time zone."""
    known = zone_of(zone)
    return f"{format_datetime(moment, 'medium', tzinfo=known, locale=get_locale() or 'en')} ({known.key})"
