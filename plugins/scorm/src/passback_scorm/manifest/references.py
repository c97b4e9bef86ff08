"""From href, xml:base and parameters to a file of the package and the URL that opens it."""

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import quote

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


def resolve(package: PackageReader, bases: tuple[str, ...], href: str) -> Reference:
    """Find the file an href means.

    Args:
        bases: the manifest's folder, then every xml:base from the outside in (RFC 3986; IMS CP 1.1.4, section 4.3).
        href: as written, with its own query and fragment.
    """
    where = ""
    for base in (*bases, href):
        where = base if is_external(base) else posixpath.join(where, base.replace("\\", "/"))
    if is_external(where):
        return Reference("", where, external=where)
    path, suffix = split_suffix(where)
    wanted = posixpath.normpath("/" + path.strip()).lstrip("/") if path.strip() else ""
    return Reference(package.find(wanted) or "" if wanted else "", wanted, suffix)


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
