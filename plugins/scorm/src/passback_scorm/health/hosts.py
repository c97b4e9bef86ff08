"""Which other hosts a course loads from: a fact where a tag or a style names one, a guess where a script does."""

import bisect
import re
from dataclasses import dataclass, field

from passback_scorm.health.rules import Place, line_at
from passback_scorm.health.scripts import script_spans

_LOADING = re.compile(
    r"<(?:script|link|img|iframe|frame|source|video|audio|embed|object|track)\b[^<>]{0,500}?"
    r"\s(?:src|href|data|poster)\s*=\s*[\"']?((?:https?:)?)//([\w.-]{1,253}\.[a-z]{2,}|\d+\.\d+\.\d+\.\d+)[^<>]{0,500}>",
    re.IGNORECASE,
)
_STYLED = re.compile(r"(?:url\(\s*|@import\s+)[\"']?((?:https?:)?)//([\w.-]{1,253}\.[a-z]{2,})", re.IGNORECASE)
_NAMED = re.compile(r"[\"'`]((?:https?:)?)//([\w-]{1,63}(?:\.[\w-]{1,63}){0,9}\.[a-z]{2,})(?=[/\"'`?:])", re.IGNORECASE)
_LINK = re.compile(
    r"<link\b[^<>]{0,500}?\brel\s*=\s*[\"']?(?:canonical|license|author|help|alternate|profile)", re.IGNORECASE
)
_IDENTIFIERS = re.compile(
    r"(?:^|\.)(?:w3\.org|purl\.org|adlnet\.(?:org|gov)|imsglobal\.org|imsproject\.org|ieee\.org|xmlsoap\.org|"
    r"schema\.org|macromedia\.com|example\.(?:com|org|net))$|^schemas\."
)
"""Hosts in names of namespaces and the like, which nobody calls."""


@dataclass
class Hosts:
    """Hosts, and where each was met first. `insecure`: those of `loaded` that are called over plain http."""

    loaded: dict[str, Place] = field(default_factory=dict)
    named: dict[str, Place] = field(default_factory=dict)
    insecure: dict[str, Place] = field(default_factory=dict)

    def add_page(self, path: str, text: str) -> None:
        """Take in an HTML page."""
        if "//" not in text:
            return
        scripts = list(script_spans(text))
        for match in (*_LOADING.finditer(text), *_STYLED.finditer(text)):
            before = bisect.bisect_right(scripts, (match.start(), len(text)))
            if before and match.start() < scripts[before - 1][1]:
                _keep(self.named, match, path, text)  # a tag that the script may write, or may not
            elif not _LINK.match(match[0]):
                self._load(match, path, text)
        for start, end in scripts:
            self.add_script(path, text, start, end)

    def add_style(self, path: str, text: str) -> None:
        """Take in a style sheet."""
        if "url(" in text or "@import" in text:
            for match in _STYLED.finditer(text):
                self._load(match, path, text)

    def add_script(self, path: str, text: str, start: int = 0, end: int | None = None) -> None:
        """Take in a script, or the part of a page that is one."""
        if text.find("//", start, end) >= 0:
            for match in _NAMED.finditer(text, start, len(text) if end is None else end):
                _keep(self.named, match, path, text)

    def _load(self, match: re.Match[str], path: str, text: str) -> None:
        _keep(self.loaded, match, path, text)
        if match[1].lower() == "http:":
            _keep(self.insecure, match, path, text)


def _keep(hosts: dict[str, Place], match: re.Match[str], path: str, text: str) -> None:
    host = match[2].lower()
    if host not in hosts and not _IDENTIFIERS.search(host):
        hosts[host] = Place(path, line_at(text, match.start(2)))
