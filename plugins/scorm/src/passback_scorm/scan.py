"""A look into a package's pages and scripts before anyone plays it."""

import re

from passback.plugin import PackageError, PackageReader

_TEXT = (".html", ".htm", ".xhtml", ".js")
_LARGEST, _TOGETHER = 2 * 1024 * 1024, 32 * 1024 * 1024
_SETS_SCORE = re.compile(rb"[\"']cmi\.core\.score\.raw[\"']\s*,", re.IGNORECASE)
# A library that serves several standards sets a score for courses that have none, too (scormdriver.js of Storyline
# and Rise): nothing follows from finding it.
_LIBRARY = re.compile(rb"cmi\.score\.scaled|aicc_sid|AICC_", re.IGNORECASE)


def sets_a_score(package: PackageReader) -> bool:
    """Say whether the course's own files set `cmi.core.score.raw`; False where it cannot be told."""
    left = _TOGETHER
    for name in package.names():
        size = package.size(name) if name.lower().endswith(_TEXT) else 0
        if not 0 < size <= min(_LARGEST, left):
            continue
        left -= size
        try:
            data = package.read(name)
        except PackageError:
            continue
        if _SETS_SCORE.search(data) and not _LIBRARY.search(data):
            return True
    return False
