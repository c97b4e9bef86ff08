"""Text as content keeps it: JavaScript strings, which may hold NUL and halves of surrogate pairs.

LZString.compress, common in authoring tools, makes such strings for `cmi.suspend_data`. JSON columns refuse them
(PostgreSQL: no \\u0000, no lone surrogate), so they travel and rest as {"utf16": <base64 of UTF-16LE>}.
"""

import base64
import binascii
import json
import re
from typing import Annotated

from pydantic import GetPydanticSchema, JsonValue
from pydantic_core.core_schema import any_schema, dict_schema, str_schema

PackedTexts = Annotated[
    dict[str, JsonValue], GetPydanticSchema(lambda _type, _next: dict_schema(str_schema(), any_schema()))
]
"""Packed values by element name, as a state cell holds them. Each is looked at when it is unpacked; validating all of
them with every commit took a tenth of it."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def pack(text: str) -> JsonValue:
    """Return `text` in a form that any JSON store takes."""
    if not _UNSTORABLE.search(text):
        return text
    return {"utf16": base64.b64encode(text.encode("utf-16-le", "surrogatepass")).decode("ascii")}


def unpack(value: JsonValue) -> str | None:
    """Return the text that `value` stands for, or None where it is none."""
    if isinstance(value, str):
        return value
    if not isinstance(value, dict) or set(value) != {"utf16"} or not isinstance(value["utf16"], str):
        return None
    try:
        return base64.b64decode(value["utf16"], validate=True).decode("utf-16-le", "surrogatepass")
    except (binascii.Error, ValueError):
        return None


def units(text: str) -> int:
    """Return the length as JavaScript counts it: in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def heavier(text: str, limit: int) -> bool:
    """Say whether `text`, packed, takes more than `limit` bytes as JSON in ASCII."""
    return len(text) * 6 > limit and len(json.dumps(pack(text))) > limit


def readable(text: str) -> str:
    """Return `text` for people and other systems: what cannot be stored or shown is replaced."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
