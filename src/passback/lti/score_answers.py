"""What a platform's answer to a score means, and the words for it (facts of each LMS: `profiles.py`)."""

import json
from enum import StrEnum

from passback.lti.profiles import DEFAULT
from passback.outbound import HttpAnswer
from passback.plugin import LmsProfile

RETRYABLE = frozenset({408, 423, 425, 429})
RATE_WORDS = ("rate limit",)
MAX_TEXT = 20_000

REASONS = {
    "accepted": "The LMS accepted the score.",
    "read_back": "The LMS's gradebook already holds this score.",
    "older_timestamp": "The LMS took the score for an older one; it is sent again with a fresh time.",
    "learner_not_gradable": "The LMS does not take a grade for this person: perhaps no longer enrolled, or not as a "
    "learner. It is tried again when the person next opens the course.",
    "course_concluded": "The course has ended in the LMS, which takes no more grades for it. Reopen it there, then "
    "send the grades again.",
    "line_item_gone": "The column in the LMS's gradebook is gone. Somebody may have deleted the activity or its grade.",
    "line_item_moved": "The column in the LMS's gradebook has a new address; the score goes there next.",
    "line_item_awaited": "The column in the LMS's gradebook is just being made.",
    "no_line_item": "The activity has no column in the LMS's gradebook, and the LMS does not let Passback make one.",
    "no_score_service": "The LMS did not offer to take scores when the course was opened. Its administrator can allow "
    "the tool to manage grades.",
    "platform_disabled": "This LMS is switched off in Passback.",
    "unauthorised": "The LMS refused Passback's access token twice. Its administrator checks that the tool is enabled "
    "and may send grades.",
    "token_refused": "The LMS did not give Passback an access token. Often it may not fetch Passback's public "
    "keys: its server must reach this one (in Moodle: HTTP security).",
    "later": "The LMS could not take the score just now.",
    "score_failed": "The LMS answers, but fails on this one score. Moodle does so where the grade or its column is "
    "locked; the score is tried again.",
    "refused": "The LMS refused the score for a reason Passback does not know.",
    "timeout": "The LMS did not answer in time; before the next try Passback looks whether the score arrived.",
    "unreachable": "The LMS could not be reached.",
    "address_refused": "The address of the LMS's gradebook is not one that Passback may call.",
    "service_answer": "The LMS's gradebook service gave an answer that Passback cannot use.",
}
"""What people read for each reason class."""


class Meaning(StrEnum):
    """The kinds of answer that are treated differently."""

    ACCEPTED = "accepted"
    UNAUTHORISED = "unauthorised"
    OLDER = "older_timestamp"
    LEARNER = "learner_not_gradable"
    CONCLUDED = "course_concluded"
    MISSING = "missing"
    LATER = "later"
    REFUSED = "refused"


def meaning(answer: HttpAnswer, profile: LmsProfile = DEFAULT) -> Meaning:
    """Say what the answer to a posted score means; the text of a refusal is compared, never kept.

    `MISSING` is a 404, which may mean the line item or the person: only a look at the line item tells.
    """
    status = answer.status
    if 200 <= status < 300:
        return Meaning.LATER if is_page(answer) else Meaning.ACCEPTED
    if status == 401:
        return Meaning.UNAUTHORISED
    # A page with 403 is a firewall's in front: no score service speaks so of a person.
    if status >= 500 or status in RETRYABLE or status < 400 or (status == 403 and is_page(answer)):
        return Meaning.LATER
    if status in profile.older_statuses:
        return Meaning.OLDER
    if status in {404, 410}:
        return Meaning.MISSING
    return _by_text(status, _text(answer), profile)


def is_page(answer: HttpAnswer) -> bool:
    """Return True for a web page, which no score service sends: a proxy asks to sign in, or tells of maintenance."""
    return answer.body[:100].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html"))


def _by_text(status: int, text: str, profile: LmsProfile) -> Meaning:
    if any(words in text for words in (*DEFAULT.older_refusals, *profile.older_refusals)):
        return Meaning.OLDER
    if status == 403 and any(words in text for words in RATE_WORDS):
        return Meaning.LATER  # Canvas throttled with 403 until October 2025
    if any(words in text for words in (*DEFAULT.concluded_refusals, *profile.concluded_refusals)):
        return Meaning.CONCLUDED
    known = (*DEFAULT.learner_refusals, *profile.learner_refusals)
    if status in profile.learner_statuses or any(words in text for words in known):
        return Meaning.LEARNER
    # Behind a proxy Moodle's reason phrase is lost and only `[]` is left; our scores are well formed, so a bare 400
    # is about the person.
    if status == 400 and text in {"", "[]", "bad request", "bad request []"}:
        return Meaning.LEARNER
    return Meaning.REFUSED


def _text(answer: HttpAnswer) -> str:
    body = answer.body[:MAX_TEXT].decode("utf-8", "replace").strip()
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, str):
        body = parsed
    return f"{answer.reason} {body}".strip().lower()
