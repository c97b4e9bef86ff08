"""Which code page an archiver wrote its file names in, where the ZIP does not say.

Names without the UTF-8 flag are "IBM code page 437" by the specification (APPNOTE 4.4.4, appendix D); real archivers
write the machine's own: DOS pages (Windows Explorer, Total Commander), Windows pages, UTF-8 without the flag (macOS).
"""

import unicodedata
from collections.abc import Sequence

CODE_PAGES = ("cp437", "cp852", "cp866", "cp1252", "cp1250", "cp1251", "shift_jis", "gbk")
"""The pages tried; of two that read equally well, the earlier one is taken."""


def guess_code_page(names: Sequence[bytes]) -> str:
    """Return the encoding in which `names`, taken together, read most like words: "utf-8" or one of `CODE_PAGES`."""
    text = b"\n".join(name for name in names if not name.isascii())
    if not text:
        return "utf-8"
    try:
        text.decode()
    except UnicodeDecodeError:
        return max(CODE_PAGES, key=lambda page: (_readability(text, page), -CODE_PAGES.index(page)))
    return "utf-8"


def _readability(text: bytes, page: str) -> float:
    """Score how much `text` reads like words in `page`; higher is better, at most 0."""
    try:
        decoded = text.decode(page)
    except UnicodeDecodeError:
        return -1000.0 * len(text)
    score = 0.0
    for before, character in zip("\n" + decoded, decoded, strict=False):
        if not character.isascii():
            score += _oddness(before, character)
        elif before.isalpha() and not before.isascii() and character.isalpha():
            score -= 2 * (_script(before) != _script(character))
    return score


def _oddness(before: str, character: str) -> float:
    """Score one non-ASCII character after `before`: 0 for a letter that fits, less the stranger it is."""
    if not character.isalpha() or character in "ªºƒ":
        return -3.0
    score = 0.0
    if before.isalpha():
        score -= 2.0 * (_script(before) != _script(character))
        score -= 1.5 * (before.islower() and character.isupper())
        # "óðîê" for "урок": Latin words seldom have two accented letters in a row, other scripts nothing else.
        score -= 1.0 * (not before.isascii() and _script(character) == "LATIN")
    # Half-width katakana and rare ideographs are what single bytes look like in an East Asian page.
    return score - 0.6 * (_script(character) in {"CJK", "HALFWIDTH", "HANGUL", "KATAKANA"})


def _script(character: str) -> str:
    return unicodedata.name(character, "?").split(" ", 1)[0]
