"""Authorised calls to a platform's services, the same way for every service."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from requests.utils import parse_header_links

from passback.lti.models import Platform
from passback.lti.service_clock import timed
from passback.lti.tokens import drop_token, service_token
from passback.outbound import HttpAnswer, OutboundError, authority
from passback.runtime import runtime

AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
LINE_ITEM = AGS + "lineitem"
LINE_ITEM_READ = AGS + "lineitem.readonly"
RESULT_READ = AGS + "result.readonly"
SCORE = AGS + "score"
MEMBERSHIP_READ = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"

NOTICE_HANDLERS = "https://purl.imsglobal.org/spec/lti/scope/noticehandlers"

WANTED_SCOPES = (LINE_ITEM, LINE_ITEM_READ, RESULT_READ, SCORE, MEMBERSHIP_READ)
"""What Passback asks for at registration. Moodle wants `lineitem.readonly` named beside `lineitem`."""

OFFERED_SCOPES = (NOTICE_HANDLERS,)
"""Asked for at registration only where the platform says that it has them: few do."""

MAX_PAGES = 50


def below(line_item: str, part: str, **query: str) -> str:
    """Return the URL of `part` (`scores`, `results`) below a line item, whose own query stays behind the path.

    Moodle's line items end in `/lineitem?type_id=1`; a path added behind the query gets a 400.
    """
    parts = urlsplit(line_item)
    return with_query(urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{part}", fragment="")), **query)


def with_query(url: str, **query: str) -> str:
    """Return `url` with more query parameters; those it has stay as they are, byte for byte."""
    if not query:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, urlencode(query)]))))


@dataclass(frozen=True)
class ServiceClient:
    """Calls services of one platform registration.

    Args:
        platform: the registration, read only.
        scopes: what the launch's claim granted; the token is asked for these, no more.
    """

    platform: Platform
    scopes: Collection[str]

    def may(self, *any_of: str) -> bool:
        """Say whether one of these scopes was granted."""
        return not set(any_of).isdisjoint(self.scopes)

    def call(
        self, method: str, url: str, *, accept: str = "", content_type: str = "", body: bytes | None = None
    ) -> HttpAnswer:
        """Make one call; a 401 drops the token and tries once more with a fresh one.

        Args:
            accept: the exact media type: Moodle answers 400 to any list of two, and to `*/*`.

        Raises:
            TokenRefusedError: no token to be had.
            OutboundError: not reached, or no answer in time.
        """
        headers = {"Accept": accept} if accept else {}
        if content_type:
            headers["Content-Type"] = content_type
        token = service_token(self.platform, self.scopes)
        answer = self._send(method, url, body, {**headers, **_bearer(token)})
        if answer.status != 401:
            return answer
        drop_token(self.platform, self.scopes, token)
        return self._send(method, url, body, {**headers, **_bearer(service_token(self.platform, self.scopes))})

    def pages(self, url: str, *, accept: str) -> Iterator[HttpAnswer]:
        """Yield the answer to a GET and to every `next` page that a `Link` header names, on the same host only."""
        seen = {url}
        for _page in range(MAX_PAGES):
            answer = self.call("GET", url, accept=accept)
            yield answer
            url = _next_page(answer)
            if answer.status != 200 or not url or url in seen:
                return
            seen.add(url)

    def _send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> HttpAnswer:
        approved = self.platform.approved_hosts
        return timed(
            self.platform,
            lambda: runtime().http.request(method, url, headers=headers, body=body, approved_hosts=approved),
        )


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}  # Moodle compares the word's case


def _next_page(answer: HttpAnswer) -> str:
    """Return the address of the next page as given (bookmarks in it are case-sensitive), "" where there is none."""
    links = parse_header_links(answer.headers.get("link", ""))
    found = next((link["url"] for link in links if "next" in link.get("rel", "").split()), "")
    if not found:
        return ""
    url = urljoin(answer.url, found)
    try:
        return url if authority(url) == authority(answer.url) else ""
    except OutboundError:
        return ""
