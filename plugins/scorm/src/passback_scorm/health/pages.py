"""What each page and script of a package says, gathered in one reading of the files."""

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from passback.plugin import PackageError, PackageReader
from passback_scorm.health.hosts import Hosts
from passback_scorm.health.rules import Place, line_at
from passback_scorm.health.scripts import Scripts, without_comments

_HTML, _SCRIPT, _STYLE = (".html", ".htm", ".xhtml"), (".js", ".mjs"), (".css",)
LARGEST = 2 * 1024 * 1024
TOGETHER = 32 * 1024 * 1024
LARGEST_SCRIPT = 256 * 1024
SCRIPTS_TOGETHER = 3 * 1024 * 1024
"""Bytes that are looked at: of one file, of all; for the closer look at scripts, which is slower, fewer."""

_EVAL = re.compile(r"(?<![\w.$])eval\s{0,9}\(|\bnew\s{1,9}Function\s{0,9}\(")
_LANGUAGE = re.compile(
    r"<html\b[^<>]{0,500}?\s(?:xml:)?lang\s*=\s*[\"']?([A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*)", re.IGNORECASE
)
_INCLUDED = re.compile(r"<script\b[^<>]{0,500}?\ssrc\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_TALKS = ("LMSInitialize", "API_1484_11", ".Initialize(")
_FINISHES = ("LMSFinish", ".Terminate(")
_FINISHES_SOMEHOW = tuple(f"{quote}{name}{quote}" for name in ("LMSFinish", "Terminate") for quote in "\"'")
_SCORES = ("score.raw", "score.scaled")
_SETS_12 = re.compile(r"\(\s{0,9}[\"']cmi\.core\.score\.raw[\"']\s{0,9},", re.IGNORECASE)
_SETS_2004 = re.compile(r"\(\s{0,9}[\"']cmi\.score\.(?:raw|scaled)[\"']\s{0,9},", re.IGNORECASE)
_FINDS = ("API_1484_11", "LMSInitialize")
_OWN_SCRIPT = 32 * 1024
_OTHER = re.compile(r"aicc_sid|AICC_", re.IGNORECASE)


@dataclass
class Pages:
    """What the files of a package say.

    Args:
        included: a page's scripts, as paths of the package.
        all_finishes_seen: the closer look took in every script that can end the course.
        complete: every page and script was looked at.
    """

    hosts: Hosts = field(default_factory=Hosts)
    evals: list[Place] = field(default_factory=list)
    languages: Counter[str] = field(default_factory=Counter)
    included: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scripts: Scripts = field(default_factory=Scripts)
    talks: bool = False
    names_score: bool = False
    sets_score: bool = False
    all_finishes_seen: bool = True
    complete: bool = True


def read_pages(package: PackageReader) -> Pages:
    """Look at the pages, scripts and styles of a package, up to the limits above."""
    pages = Pages()
    left = SCRIPTS_TOGETHER
    for path, text in _texts(package, pages):
        name = path.lower()
        if name.endswith(_STYLE):
            pages.hosts.add_style(path, text)
            continue
        if name.endswith(_HTML):
            _page(pages, path, text)
            pages.hosts.add_page(path, text)
        else:
            pages.hosts.add_script(path, text)
        _code(pages, path, text)
        left -= _look_closer(pages, path, text, min(LARGEST_SCRIPT, left))
    return pages


def _look_closer(pages: Pages, path: str, text: str, limit: int) -> int:
    """Take in a script, or a page with some; return how much of the limit for all scripts that took."""
    if _has(text, _FINISHES_SOMEHOW) or (len(text) > limit and _has(text, _FINISHES)):
        pages.all_finishes_seen = False
    if len(text) > limit:
        return 0
    if not path.lower().endswith(_HTML):
        pages.scripts.add_script(path, text)
        return len(text)
    return pages.scripts.add_page(path, text)


def _texts(package: PackageReader, pages: Pages) -> Iterator[tuple[str, str]]:
    left = TOGETHER
    for path in package.names():
        if not path.lower().endswith((*_HTML, *_SCRIPT, *_STYLE)):
            continue
        size = package.size(path)
        if size > min(LARGEST, left):
            pages.complete = False
            continue
        left -= size
        try:
            text = package.read(path).decode("utf-8", "replace")
        except PackageError:
            pages.complete = False
            continue
        yield path, without_comments(text) if path.lower().endswith(_HTML) else text


def _page(pages: Pages, path: str, text: str) -> None:
    if language := _LANGUAGE.search(text):
        pages.languages[language[1].lower()] += 1
    folder = posixpath.dirname(path)
    hrefs = (unquote(match[1]).partition("?")[0] for match in _INCLUDED.finditer(text))
    pages.included[path] = tuple(posixpath.normpath(posixpath.join(folder, href)) for href in hrefs)


def _code(pages: Pages, path: str, text: str) -> None:
    # Looking for plain words first: most files have none of them, and the patterns are a hundred times slower.
    if _has(text, ("eval", "Function")) and (match := _EVAL.search(text)):
        pages.evals.append(Place(path, line_at(text, match.start())))
    pages.talks = pages.talks or _has(text, _TALKS)
    if _has(text, _SCORES):
        pages.names_score = True
        pages.sets_score = pages.sets_score or _sets_score(path, text)


def _sets_score(path: str, text: str) -> bool:
    """Say whether a file of the course's own sets a score.

    Where it does, a completion waits for that score, so a wrong yes keeps a grade back for good. Nothing follows from a
    tool's library: one that serves several standards (scormdriver.js of Storyline and Rise), the wrapper that finds the
    run time (lms.js of iSpring, APIWrapper.js), or a large script (common.js of eXeLearning) is in every course of the
    tool, with and without a quiz.
    """
    if not path.lower().endswith(_HTML) and (len(text) > _OWN_SCRIPT or _has(text, _FINDS)):
        return False
    if _SETS_12.search(text):
        return "cmi.score." not in text and not _OTHER.search(text)
    return bool(_SETS_2004.search(text)) and "cmi.core." not in text and not _OTHER.search(text)


def _has(text: str, words: Iterable[str]) -> bool:
    return any(word in text for word in words)
