"""Opening and result pages on the app's host; the player page and its events on the content host."""

import base64
import json
import time
from datetime import datetime

import structlog
from flask import Blueprint, Response, jsonify, render_template, request
from markupsafe import Markup

from passback.content.containment import contain
from passback.errors import PassbackError
from passback.player import events, opening, tickets
from passback.player.errors import BadEventsError, SessionTokenError, TooLargeError
from passback.player.opening import MovedError
from passback.player.result import find_result
from passback.player.tokens import LATE_SECONDS, Play, read_entry, read_play, read_session
from passback.player.words import player_words
from passback.runtime import runtime
from passback.tracking.errors import SessionBusyError

log = structlog.get_logger(__name__)

app_pages = Blueprint("player_app", __name__)
content_pages = Blueprint("player", __name__, url_prefix="/play")

PLAYER_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self' http: https: data: blob:; base-uri 'none'; form-action 'none'"
)
"""Of the page itself; the package's own documents need more (design §8) and get their policy with each file. Frames of
any site: a package may lead its own frame to a site of its vendor."""


# --- On the app's host -----------------------------------------------------------------------------------------------


@app_pages.get("/start/<ticket>")
def start(ticket: str) -> Response:
    """Use a launch link up. A HEAD request (link previews of chat programs) leaves it unused."""
    if request.method == "HEAD":
        return _private(Response())
    return _go(tickets.redeem(ticket))


@app_pages.get("/open/<token>")
def open_course(token: str) -> Response:
    """Go on to the player, after the choices that only the learner can make."""
    entry = read_entry(token)
    shut = opening.find_shut(entry)
    if shut is not None:
        return _page(render_template("player/shut.html", shut=shut, result_url=opening.result_url(entry)))
    choice, play = opening.find_choice(entry)
    if choice is None:
        return _go(opening.play_url(play))
    return _page(render_template("player/choice.html", choice=choice, result_url=opening.result_url(entry)))


@app_pages.post("/open/<token>")
def choose(token: str) -> Response:
    """Go on with what was chosen. The token in the path stands for the learner; there is no cookie to forge with."""
    entry = read_entry(token)
    choice, play = opening.find_choice(entry)
    chosen = request.form.get("choice")
    if choice is None or (choice.kind == "version" and chosen != "current"):
        return _go(opening.play_url(play))
    if choice.kind == "version":
        return _go(opening.play_url(opening.choose_new_attempt(entry, change_version=True)))
    if chosen == "again" and choice.again:
        return _go(opening.play_url(opening.choose_new_attempt(entry)))
    if chosen == "continue" and choice.go_on:
        return _go(opening.play_url(Play(entry, play.version, go_on=True)))
    return _go(opening.play_url(Play(entry, play.version, review=True)))


@app_pages.get("/result/<token>")
def result(token: str) -> Response:
    """Show what was saved and what became of it, and the way back."""
    entry = read_entry(token, max_age=LATE_SECONDS)
    found = None if entry.preview else find_result(entry)
    again = opening.open_url(entry) if entry.fresh else ""
    return _page(
        render_template("player/result.html", result=found, return_url=entry.return_url, again_url=again, when=when)
    )


# --- On the content host ---------------------------------------------------------------------------------------------


@content_pages.get("/<token>/")
def page(token: str) -> Response:
    """Show the player page. It opens no session yet: what an earlier page left over is delivered first (design §8)."""
    play = _own(read_play(token))
    entry = play.entry
    sealer = runtime().sealer
    owner = entry.registration or "preview"
    data = {
        "title": opening.find_title(play),
        "preview": entry.preview,
        "dates": opening.find_next_date(entry),
        "open_url": opening.open_url(entry),
        "result_url": opening.result_url(entry),
        "scope": sealer.mac("player.journal.scope", owner),
        "key": base64.b64encode(sealer.key(f"player.journal:{entry.tenant}:{owner}")).decode(),
        "words": player_words(),
    }
    body = render_template("player/player.html", page=data, page_json=_inline(data))
    response = contain(_private(Response(body)), ancestors=entry.framed_by.split() or None)
    response.headers.add("Content-Security-Policy", PLAYER_POLICY)
    return response


@content_pages.after_request
def contain_errors(response: Response) -> Response:
    """Contain what is not the player page itself: error pages are on the packages' origin too."""
    return response if "Content-Security-Policy" in response.headers else contain(_private(response), ancestors=None)


@content_pages.post("/<token>/boot")
def boot(token: str) -> Response:
    """Open the session and return its fresh state with all that starts the content."""
    play = _own(read_play(token))
    asked = _json_object()
    tab = asked.get("tab")
    try:
        opened = opening.open_play(
            play,
            tab=tab[:64] if isinstance(tab, str) and tab.isascii() and tab.isprintable() else "",
            take_over=asked.get("take_over") is True,
        )
        answer = opening.boot_json(opened)
    except MovedError as error:
        return _problem(error, url=opening.open_url(play.entry))
    except PassbackError as error:
        return _problem(error)
    log.info("session.opened", session=opened.claims.session, mode=opened.mode, launch=play.entry.code)
    return _json({**answer, "server_time": int(time.time() * 1000)})


@content_pages.post("/<token>/furnish")
def furnish(token: str) -> Response:
    """Return what the page of an open session shows next, once its events are applied."""
    try:
        play = _own(read_play(token))
        asked = _json_object()
        session_token, wanted = asked.get("token"), asked.get("wanted")
        claims, _renewed = read_session(session_token if isinstance(session_token, str) else "")
        return _json(opening.furnish(play, claims, wanted if isinstance(wanted, str) else ""))
    except PassbackError as error:
        return _problem(error)


@content_pages.post("/<token>/events")
def take_events(token: str) -> Response:
    """Take a session's events; what this answers as applied is on disk."""
    try:
        claims, renewed = read_session(token)
        if request.host.lower() != opening.host_of(claims.version):
            raise SessionTokenError("another course's token")
        if (request.content_length or 0) > events.MAX_BODY:
            raise TooLargeError(f"{request.content_length} bytes")
        answer = events.record(claims, events.read_events(request.get_data(cache=False)))
    except PassbackError as error:
        return _problem(error)
    if renewed and answer["status"] == "open":
        answer["token"] = renewed
    return _json(answer)


def when(moment: datetime) -> Markup:
    """Return an instant for people; the page's script puts it into their own time zone."""
    text = moment.strftime("%Y-%m-%d %H:%M UTC")
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), text)


def _own(play: Play) -> Play:
    """Return `play` if this is the content origin of its course version: one course's page runs on no other's."""
    if request.host.lower() != opening.host_of(play.version):
        raise SessionTokenError("another course's token")
    return play


def _json_object() -> dict[str, object]:
    try:
        value = json.loads(request.get_data(cache=False)[: events.MAX_BODY] or b"{}")
    except (ValueError, RecursionError) as error:
        raise BadEventsError(type(error).__name__) from error
    return value if isinstance(value, dict) else {}


def _inline(data: object) -> str:
    """Return JSON that is safe inside a script element: `<` cannot end it, U+2028 cannot break it."""
    return json.dumps(data).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _problem(error: PassbackError, **more: str) -> Response:
    """Return an error as the player page reads it."""
    busy = isinstance(error, SessionBusyError)
    (log.info if busy else log.warning)("player.refused", code=error.code, detail=error.detail)
    body = {"code": error.code, "title": error.message, "detail": error.advice, "side": str(error.side), **more}
    response = _json(body)
    response.status_code = error.status
    response.mimetype = "application/problem+json"
    return response


def _json(body: object) -> Response:
    return _private(jsonify(body))


def _go(url: str) -> Response:
    response = _private(Response(status=303))
    response.location = url
    return response


def _page(body: str) -> Response:
    """Return a page of the app's host that an LMS may frame; it acts on nothing but the token in its path."""
    response = _private(Response(body))
    response.headers["Content-Security-Policy"] = (
        "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors *"
    )
    return response


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
