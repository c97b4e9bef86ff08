"""Lists in pages, read whole or not at all: who stops half-way silently takes a part for everything.

`Link` headers are RFC 8288's. The address of the next page is opaque (Canvas puts bookmarks in it whose case counts),
may be relative, and must lead on: a list that comes back to itself, or to a host that is not the platform's, is an
error.
"""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urljoin, urlsplit, urlunsplit

from passback.errors import PassbackError, Side
from passback.lti.services import ServiceClient
from passback.outbound import HttpAnswer, OutboundError, authority

MAX_PAGES = 2000
_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+\s*(?:=\s*(?:"[^"]*"|[^\s",;]+))?)*)')
_LETTERS = re.compile("[^a-z]")
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))', re.IGNORECASE)


class PagingError(PassbackError):
    """The LMS hands its list out in pages that do not fit together.

    What is missing is unknown, so nothing of it was used; what was known before stays.
    """

    code = "pages_broken"
    status = 502
    side = Side.LMS
    advice = (
        "Try again; if it stays, tell the administrator of the LMS that the Link headers of its services are wrong."
    )


def pages(
    call: Callable[[str], HttpAnswer], url: str, client: ServiceClient, *, most: int = MAX_PAGES
) -> Iterator[HttpAnswer]:
    """Yield the answer to `url` and to every next page. The caller checks each answer and ends what is no page.

    Args:
        call: gets one page.
        client: whose platform's hosts a page may be on; no other gets to see its token.
        most: pages of a list, at most.

    Raises:
        PagingError: the pages lead round in a circle, to another host or nowhere, or there are too many.
    """
    seen = set[str]()
    while url:
        if url in seen:
            raise PagingError("a circle")
        if len(seen) >= most:
            raise PagingError(f"more than {most} pages")
        seen.add(url)
        answer = call(url)
        yield answer
        url = _checked(next_link(answer.headers.get("link", "")), url, client)


def next_link(header: str) -> str:
    """Return the address that a `Link` header calls `next`, byte for byte, "" where it names none.

    Raises:
        PagingError: it speaks of a next page that cannot be made out (curly quotes), or of several.
    """
    found, odd = set[str](), "next" in _LINK.sub("", header).lower()
    for target, parameters in _LINK.findall(header):
        for word in _relations(parameters):
            if word == "next":
                found.add(target.strip())
            odd = odd or (word != "next" and _LETTERS.sub("", word) == "next")
    if odd or len(found) > 1:
        raise PagingError("several next pages" if found else "a next page that cannot be made out")
    return found.pop() if found else ""


def _relations(parameters: str) -> list[str]:
    """Return the words of the first `rel`, in lower case; later ones do not count (RFC 8288 §3.3)."""
    return [word.lower() for quoted, bare in _REL.findall(parameters)[:1] for word in (quoted or bare).split()]


def _checked(link: str, page: str, client: ServiceClient) -> str:
    """Return the absolute address of the next page, "" at the end."""
    if not link:
        return ""
    try:
        url = link if re.match(r"https?://", link, re.IGNORECASE) else urljoin(page, link)
        parts = urlsplit(url)
        if urlsplit(page).scheme == "https" and parts.scheme == "http" and parts.hostname == urlsplit(page).hostname:
            # An LMS behind a proxy that ends TLS thinks that it speaks plain http. A token never goes out on that.
            url = urlunsplit(parts._replace(scheme="https"))
        known = {authority(page), *(host.lower() for host in client.platform.approved_hosts)}
        if authority(url) not in known:
            raise PagingError("a page on another host")
    except (ValueError, OutboundError) as error:
        raise PagingError("no address of a page") from error
    return url
