"""Text of content for people and programs: halves of surrogate pairs, which no encoding can write, are replaced.

A course that cuts its suspend data or a learner's answer by length may cut an emoji in two. What is stored stays exact.
"""

import re
from typing import TypeVar

T = TypeVar("T")
HALF = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def legible(value: T) -> T:
    """Return `value`, text or JSON, with U+FFFD for each half of a surrogate pair in it."""
    made: object = value
    match value:
        case str():
            made = HALF.sub(_REPLACEMENT, value)
        case dict():
            made = {legible(key): legible(one) for key, one in value.items()}
        case list():
            made = [legible(one) for one in value]
        case tuple():
            made = tuple(legible(one) for one in value)
    return made  # type: ignore[return-value]  # of the very type that it was made of
