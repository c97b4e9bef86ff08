"""From href, xml:base and parameters to a file of the package and the URL that opens it."""

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin

from passback.plugin import PackageReader

_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]+:|//", re.IGNORECASE)


@dataclass(frozen=True)
class Reference:
    """Where a launch leads.

    Args:
        path: the file's path in the package; "" where no such file is there.
        wanted: the path that the manifest named.
        suffix: query and fragment, as written.
        external: the whole URL, where it leads out of the package.
    """

    path: str
    wanted: str
    suffix: str = ""
    external: str = ""

    @property
    def href(self) -> str:
        """Return the reference relative to the package's root, percent-encoded."""
        return quote(self.path or self.wanted, safe="/-._~!$'()*,;=:@") + self.suffix

    @property
    def repaired(self) -> bool:
        """Say whether the file is there in another spelling than the manifest's."""
        return bool(self.path) and self.path != self.wanted


def resolve(package: PackageReader, bases: tuple[str, ...], href: str) -> Reference:
    """Find the file an href means.

    Args:
        bases: the manifest's folder with its slash, then every xml:base from the outside in (IMS CP 1.1.4, 4.3).
        href: as written, with its own query and fragment.
    """
    where = compose(*bases, href)
    if is_external(where):
        return Reference("", where, external=where)
    path, suffix = split_suffix(where)
    wanted = _normal(path)
    for guess in dict.fromkeys((wanted, *_guesses(bases, href))):
        found = package.find(guess) if guess else None
        if found:
            return Reference(found, wanted, "" if guess == _normal(where) != wanted else suffix)
    return Reference("", wanted, suffix)


def compose(*references: str) -> str:
    """Return what the last reference means with those before it as its bases, from the outside in (RFC 3986, 5.2).

    A base without a slash at its end is a file: what follows replaces its last part.
    """
    where = ""
    for one in (reference.strip() for reference in references):
        if not one or is_external(one):
            where = one or where
        elif is_external(where):
            where = urljoin(where, one)
        else:
            where = _joined(where, one.replace("\\", "/"))
    return where


def is_external(href: str) -> bool:
    """Say whether an href leads out of the package: it has a scheme or a host."""
    return bool(_ABSOLUTE.match(href))


def with_parameters(suffix: str, parameters: str) -> str:
    """Append an item's parameters to a launch URL's query and fragment (SCORM 1.2 CAM 2.3.2.4, 2004 CAM 3.4.1.10).

    Leading `?` and `&` are dropped, a query that is there is continued, a fragment stays last.
    """
    parameters = parameters.strip().lstrip("?&")
    query, mark, fragment = suffix.partition("#")
    if not parameters:
        return suffix
    if parameters.startswith("#"):
        return suffix if mark else suffix + parameters
    return f"{query}{'&' if '?' in query else '?'}{parameters}{mark}{fragment}"


def split_suffix(href: str) -> tuple[str, str]:
    """Return an href's path and its query with fragment."""
    match = re.search(r"[?#]", href)
    return (href[: match.start()], href[match.start() :]) if match else (href, "")


def _joined(base: str, reference: str) -> str:
    if reference.startswith("/"):
        return reference
    folder = split_suffix(base)[0].rpartition("/")
    return folder[0] + folder[1] + reference


def _guesses(bases: tuple[str, ...], href: str) -> list[str]:
    """Return the paths that authors mean who read no RFC, the likeliest first."""
    folders = [f"{base.rstrip('/')}/" if base.strip() else "" for base in bases]
    guesses = [
        compose(*folders, href),  # xml:base="content", meant as a folder
        compose(*bases[:1], href.lstrip("/")),  # bases that the href has in it already, or a slash too many
        compose(*bases, href),  # a question mark in a file's name
    ]
    whole = _normal(guesses[2])
    return [_normal(split_suffix(guess)[0]) for guess in guesses[:2] if not is_external(guess)] + [whole]


def _normal(path: str) -> str:
    return posixpath.normpath("/" + path.strip()).lstrip("/") if path.strip() else ""
