"""Says whether an answer is what a script expects, by the rules of ADL's own evaluator.

Values are compared as the data type of their element: numbers to seven digits, time intervals by their length, language
tags in any case, lists of children in any order, texts up to the length that every LMS must keep. Where the suite asks
for nothing definite (requests' validity, comments from the LMS, the learner's name), it takes every proper answer.
"""

import re
from dataclasses import dataclass

from plugins.scorm.tests.conformance.adl.decoder import COMPARE_OBJECTIVES, LEARNER_ID, Command

from passback_scorm.rte.interval import parse_interval
from passback_scorm.rte.table import scorm2004

LONGEST_TEXT = 255
_DELIMITER = re.compile(r"\{(?:lang|case_matters|order_matters)=[^}]*\}")
_DEFAULTS = {"{lang=en}", "{case_matters=false}", "{order_matters=true}"}
_NUMBER = re.compile(r"-?[0-9]*\.?[0-9]+")


@dataclass(frozen=True)
class Answer:
    """What a call returned, and what GetLastError said next."""

    returned: str
    error: str


def wrong(command: Command, answer: Answer, learner_id: str) -> str:
    """Return what is wrong with an answer in words; "" where nothing is."""
    told = f"{command.call}({command.argument[:60]!r}, {command.value[:60]!r})"
    if not _is_right(command, answer.returned, learner_id):
        return f"{told} returned {answer.returned[:60]!r}, not {command.expected[:60]!r}"
    if not _error_is_right(command, answer.error):
        return f"{told} left the error {answer.error}, not {command.error}"
    return ""


def _is_right(command: Command, returned: str, learner_id: str) -> bool:
    expected = learner_id if command.expected == LEARNER_ID else command.expected
    if command.call == COMPARE_OBJECTIVES:
        return sorted(returned.split(",")) == sorted(expected.split(","))
    if command.call == "GetValue":
        return _value_is_right(command, returned, expected)
    if command.call == "GetDiagnostic" or expected == "less255":
        return len(returned) < LONGEST_TEXT
    return returned == ("" if expected == "emptyCS" else expected)


def _value_is_right(command: Command, returned: str, expected: str) -> bool:
    element = re.sub(r"\.(?:[0-9]+|&[^&]*&)", ".n", command.argument)
    if element == "cmi.learner_name" or (element.startswith("cmi.comments_from_lms.n") and command.error == "0"):
        return True
    if element.startswith("adl.nav.request_valid."):
        return returned in {"true", "false", "unknown"}
    if expected == "" and element.endswith(".id") and "&" in command.argument:
        return returned == command.argument.split("&")[1]
    return _same(element, returned, expected)


def _same(element: str, returned: str, expected: str) -> bool:
    if returned == expected or _plain(returned) == _plain(expected):
        return True
    if element.endswith("._children"):
        return sorted(returned.split(",")) == sorted(expected.split(","))
    told = scorm2004().source["elements"].get(element, {})  # type: ignore[union-attr, call-overload]
    kind = told.get("type", "") if isinstance(told, dict) else ""
    if element.endswith("_time") or kind == "timeinterval":
        length = parse_interval(returned)
        return length is not None and length == parse_interval(expected)
    if _NUMBER.fullmatch(returned) and _NUMBER.fullmatch(expected):
        return abs(float(returned) - float(expected)) < 5e-8
    if kind == "language":
        return returned.lower() == expected.lower()
    longest = int("".join(filter(str.isdigit, str(kind))) or "0")
    return bool(longest) and len(returned) >= longest and expected.startswith(returned)


def _plain(text: str) -> tuple[list[str], str]:
    """Take the delimiters off the front; those that say the default are as good as none."""
    found = []
    while match := _DELIMITER.match(text):
        found.append(match[0])
        text = text[match.end() :]
    return sorted(set(found) - _DEFAULTS), text


def _error_is_right(command: Command, error: str) -> bool:
    if command.call == COMPARE_OBJECTIVES:
        return True
    if command.call == "GetValue" and ".request_valid." in command.argument:
        return not command.argument.endswith(("continue", "previous")) or error == command.error
    if command.call == "GetValue" and "comments_from_lms" in command.argument and "_children" not in command.argument:
        return error in (
            {"0", "301", "122", "401"} if command.argument == "cmi.comments_from_lms" else {"0", "301", "122"}
        )
    return error == command.error
