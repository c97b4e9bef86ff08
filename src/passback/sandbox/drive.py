"""A browser without a window: takes a launch from the LMS through the tool's login and back to its launch endpoint.

The tool may be a Flask app in this process (its test client) or run elsewhere (a `requests.Session`).
"""

import html
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Unpack
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests
from flask import Flask
from flask.testing import FlaskClient

from passback.sandbox.launches import FormPost
from passback.sandbox.model import Link, Tool, User
from passback.sandbox.platform import Breakage, Platform
from passback.sandbox.toolkeys import Fetch
from passback.sandbox.vocabulary import DATA_PRIVACY_REQUEST, DEEP_LINKING_REQUEST, RESOURCE_LINK_REQUEST

MAX_REDIRECTS = 10
SECONDS = 30
VISITOR = User("0", "", "")
Client = FlaskClient | requests.Session


class LaunchStoppedError(AssertionError):
    """The tool's login did not send the browser on to the LMS; `reply` is what it answered."""

    def __init__(self, reply: "Reply") -> None:
        super().__init__(f"no way on to the LMS in the answer: {reply.status} {reply.text[:500]}")
        self.reply = reply


@dataclass(frozen=True)
class Form:
    """A form in a page, with what its fields hold."""

    url: str
    method: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """One answer to the browser. `raw` is the client's own response object."""

    status: int
    url: str
    headers: Mapping[str, str]
    text: str
    raw: Any = field(repr=False, default=None)

    @property
    def location(self) -> str:
        """Where a redirect leads, absolute; "" where there is none."""
        target = self.headers.get("Location", "")
        return urljoin(self.url, target) if target else ""

    def forms(self) -> list[Form]:
        """Return the page's forms."""
        return _Page.read(self.text, self.url).forms


@dataclass(frozen=True)
class Trip:
    """A launch, step by step.

    Args:
        login: the tool's answer to the login initiation that leads to the LMS.
        asked: the authentication request's parameters.
        form: what the LMS had the browser post to the tool.
        reply: the tool's answer to it, before any redirect is followed.
    """

    login: Reply
    asked: Mapping[str, str]
    form: FormPost
    reply: Reply


def launch(
    client: Client,
    platform: Platform,
    user: User | None,
    link: Link | None = None,
    *,
    tool: Tool | None = None,
    target: str = "iframe",
    as_learner: bool = False,
    message_type: str = "",
    for_user: str = "",
    login_method: str = "POST",
    change_form: Callable[[dict[str, str]], dict[str, str]] = dict,
    **broken: Unpack[Breakage],
) -> Trip:
    """Launch `link` (or, without one, the deep linking of `tool`) as `user` and return every step.

    With a link and the message type of deep linking, its content is chosen anew.

    Args:
        client: has the tool's cookies; another client is another browser.
        login_method: how the login initiation comes, POST or GET.
        for_user: whose work the message is about.
        broken: as in `Platform.make_id_token`, to break the launch.
        change_form: last change to the form that is posted to the tool (`state`, `id_token`).

    Raises:
        LaunchStoppedError: the tool's login leads nowhere.
    """
    session = f"drive-{secrets.token_hex(4)}"
    start = begin(
        platform,
        user,
        link,
        tool,
        session=session,
        target=target,
        as_learner=as_learner,
        message_type=message_type,
        for_user=for_user,
    )
    login, asked = log_in(client, platform, start, login_method)
    form = platform.launches.answer(asked, user=user or VISITOR, session=session)
    fields = dict(form.fields)
    if user is None or broken:
        nonce = asked["nonce"]
        token = platform.make_id_token(
            user,
            link,
            nonce=nonce,
            tool=tool,
            message_type=message_type,
            as_learner=as_learner,
            for_user=for_user,
            **broken,
        )
        fields = {"id_token": token, "state": asked.get("state", "")}
    form = FormPost(form.url, change_form(fields), form.method)
    return Trip(login, asked, form, send(client, "POST", form.url, form.fields, origin=platform.config.url))


def begin(
    platform: Platform,
    user: User | None,
    link: Link | None,
    tool: Tool | None = None,
    *,
    session: str,
    target: str = "iframe",
    as_learner: bool = False,
    message_type: str = "",
    for_user: str = "",
) -> FormPost:
    """Start a launch in the LMS and return the login initiation."""
    if message_type == DATA_PRIVACY_REQUEST:
        tool = tool or platform.tools.all()[0]
        admin = user or platform.instructor
        return platform.launches.initiate_privacy(admin, tool, session=session, for_user=for_user)
    if link is None or message_type == DEEP_LINKING_REQUEST:
        tool = tool or (platform.tools.get(link.tool_id) if link else None) or platform.tools.all()[0]
        teacher = user or platform.instructor
        return platform.deep_linking.start(teacher, tool, platform.course.id, session=session, link=link)
    return platform.launches.initiate(
        user,
        link,
        session=session,
        target=target,
        as_learner=as_learner,
        message_type=message_type or RESOURCE_LINK_REQUEST,
        for_user=for_user,
    )


def log_in(
    client: Client, platform: Platform, start: FormPost, method: str = "POST"
) -> tuple[Reply, Mapping[str, str]]:
    """Send the login initiation; return the tool's answer and the authentication request that it leads to.

    Raises:
        LaunchStoppedError: it leads to none.
    """
    reply = send(client, method, start.url, start.fields, origin=platform.config.url)
    for _ in range(MAX_REDIRECTS):
        asked = authentication_request(reply, platform.auth_url)
        if asked is not None:
            return reply, asked
        if not reply.location:
            break
        if reply.status in {307, 308}:  # the same request again, form and all (RFC 9110 §15.4.8)
            reply = send(client, method, reply.location, start.fields if method == "POST" else None)
        else:
            reply = send(client, "GET", reply.location)
    raise LaunchStoppedError(reply)


def authentication_request(reply: Reply, auth_url: str) -> Mapping[str, str] | None:
    """Find the way on to the LMS in an answer: a redirect, a form, a link or an address for a script."""
    if reply.location.startswith(auth_url):
        return dict(parse_qsl(urlsplit(reply.location).query, keep_blank_values=True))
    for form in reply.forms():
        if form.url.startswith(auth_url):
            return {**dict(parse_qsl(urlsplit(form.url).query, keep_blank_values=True)), **form.fields}
    text = html.unescape(reply.text).replace("\\u0026", "&").replace("\\/", "/")
    found = re.search(re.escape(auth_url) + r"\?([^\"'<>\s\\]+)", text)
    return dict(parse_qsl(found[1], keep_blank_values=True)) if found else None


def send(client: Client, method: str, url: str, data: Mapping[str, str] | None = None, *, origin: str = "") -> Reply:
    """Make one request as a browser would, with `data` as form or query; no redirect is followed."""
    headers = {"Accept": "text/html,application/xhtml+xml", "User-Agent": "Mozilla/5.0 (practice LMS drive)"}
    if origin:
        headers["Origin"] = origin
    query, form = (data, None) if method == "GET" else (None, data)
    if isinstance(client, requests.Session):
        sent = client.request(
            method, url, headers=headers, params=query, data=form, allow_redirects=False, timeout=SECONDS
        )
        return Reply(sent.status_code, url, dict(sent.headers), sent.text, sent)
    if query:
        url = f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
    answer = client.open(url, method=method, headers=headers, data=form)
    return Reply(answer.status_code, url, dict(answer.headers), answer.text, answer)


def follow(client: Client, reply: Reply) -> Reply:
    """Follow redirects to the page they lead to."""
    for _ in range(MAX_REDIRECTS):
        if not reply.location or reply.status not in {301, 302, 303, 307, 308}:
            return reply
        reply = send(client, "GET", reply.location)
    raise LaunchStoppedError(reply)


def answer_picker(platform: Platform, reply: Reply) -> list[Link]:
    """Bring a picker's answer (the page with the self-sending form) to the LMS and save what was chosen.

    Raises:
        DeepLinkingRefusedError: the LMS does not take the answer.
    """
    form = next((form for form in reply.forms() if "JWT" in form.fields), None)
    if form is None:
        raise LaunchStoppedError(reply)
    query = dict(parse_qsl(urlsplit(form.url).query))
    key = platform.deep_linking.accept(form.fields["JWT"], tool_id=query["tool"], session=query["sesskey"])
    return platform.deep_linking.save(key)


def fetch_from(app: Flask) -> Fetch:
    """Return a way for the LMS to read the JWKS of a tool that runs in this process, for `platform.tool_keys.fetch`."""

    def _fetch(url: str) -> bytes:
        answer = app.test_client().get(url)
        if answer.status_code != 200:
            raise OSError(f"{url} answered {answer.status_code}")
        data: bytes = answer.data
        return data

    return _fetch


class _Page(HTMLParser):
    """Finds forms and what their fields hold."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._open: tuple[str, str, dict[str, str]] | None = None
        self.forms: list[Form] = []

    @classmethod
    def read(cls, text: str, url: str) -> "_Page":
        page = cls(url)
        page.feed(text)
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = (urljoin(self._url, given.get("action", "")), given.get("method", "get").upper(), {})
        elif self._open and tag in {"input", "button"} and given.get("name"):
            skipped = given.get("type") in {"checkbox", "radio"} and "checked" not in given
            if not skipped and tag == "input":
                self._open[2][given["name"]] = given.get("value", "on" if "checked" in given else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._open:
            self.forms.append(Form(*self._open))
            self._open = None
