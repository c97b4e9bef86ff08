"""What can go wrong in a registration, and what an LMS's refusal says."""

import json
import re

from pydantic import JsonValue

from passback.errors import PassbackError, Side
from passback.outbound import HttpAnswer

REASON_FIELDS = ("error_description", "error", "message", "errors")
START_OVER = (
    "Start again in the LMS with the same registration URL. If a half-registered Passback is listed there, delete it "
    "first: what the LMS hands out for a registration serves once and for an hour."
)


class RegistrationAddressError(PassbackError):
    """The LMS opened this page without saying where its configuration is."""

    code = "registration_address"
    side = Side.LMS
    advice = "Paste the registration URL where your LMS adds tools by Dynamic Registration, and start from there."


class TooManyWaitingError(PassbackError):
    """Too many registrations wait for approval already."""

    code = "registration_queue_full"
    status = 429
    side = Side.TOOL
    advice = "Ask the administrator of Passback for a registration URL; with one nothing has to wait."


class ConfigurationUnreachableError(PassbackError):
    """Passback could not read the LMS's configuration."""

    code = "configuration_unreachable"
    status = 502
    side = Side.LMS
    advice = "This server must be able to reach the LMS: check firewalls, the port and its TLS set-up. " + START_OVER


class RegistrationRefusedError(PassbackError):
    """The LMS refused the registration."""

    code = "registration_refused"
    status = 502
    side = Side.LMS
    advice = START_OVER

    def __init__(self, http_status: int, words: str = "", *, advice: str = "") -> None:
        super().__init__(f"registration answered with {http_status}", advice=advice)
        self.http_status = http_status
        self.words = words


class RegistrationTokenError(RegistrationRefusedError):
    """The LMS did not accept its own registration token: it was used already, or has expired."""

    code = "registration_token"


class RegistrationLostError(PassbackError):
    """The LMS gave no usable answer to the registration, so nobody knows whether it took it."""

    code = "registration_lost"
    status = 502
    side = Side.LMS
    advice = START_OVER


class RegisteredElsewhereError(PassbackError):
    """An LMS on another host is registered with the same issuer and client ID."""

    code = "registered_elsewhere"
    status = 409
    side = Side.LMS
    advice = "If the LMS has moved, an administrator of Passback disables the old entry and adds the LMS by hand."


def refusal(answer: HttpAnswer, *, advice: str = "") -> RegistrationRefusedError:
    """Explain a refusal: Moodle says 401 to a used token, 404 with a page of HTML to an expired one, 400 in words."""
    words = _plain_words(answer)
    if answer.status in {401, 403, 404}:
        return RegistrationTokenError(answer.status, words, advice=advice)
    return RegistrationRefusedError(answer.status, words, advice=advice)


def _plain_words(answer: HttpAnswer) -> str:
    """Return a short plain text that the LMS gave as its reason; never a page of HTML."""
    text = answer.body[:2000].decode("utf-8", "replace").strip()
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, dict):
        text = next((words for key in REASON_FIELDS if (words := _words(parsed.get(key)))), "")
    return "" if "<" in text else re.sub(r"\s+", " ", text)[:200]


def _words(value: JsonValue) -> str:
    """Return a reason as text: a sentence, or Canvas's list of them, or of objects with a message."""
    if isinstance(value, list):
        return "; ".join(filter(None, map(_words, value)))
    if isinstance(value, dict):
        return _words(value.get("message"))
    return value if isinstance(value, str) else ""
