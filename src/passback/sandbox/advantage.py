"""The services that tools call: tokens, line items, scores, results, members."""

import json
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Blueprint, Response, request
from pydantic import TypeAdapter, ValidationError

from passback.sandbox.claims import line_item_url
from passback.sandbox.model import JsonObject, LineItem, Result, Tool
from passback.sandbox.scores import ServiceRefusedError, read_score
from passback.sandbox.services import service
from passback.sandbox.tokens import TokenRefusedError
from passback.sandbox.vocabulary import (
    LINE_ITEM,
    LINE_ITEM_READ,
    LINE_ITEM_TYPE,
    LINE_ITEMS_TYPE,
    MEMBERS_READ,
    MEMBERS_TYPE,
    NOTICE_HANDLERS,
    RESULT_READ,
    RESULTS_TYPE,
    SCORE,
    SCORE_TYPE,
)
from passback.sandbox.web import platform

advantage = Blueprint("advantage", __name__, url_prefix="/lti")
Arguments = ParamSpec("Arguments")
Shown = TypeVar("Shown")
ANY = "*/*"
_OBJECT: TypeAdapter[JsonObject] = TypeAdapter(JsonObject)


def explained(view: Callable[Arguments, Response]) -> Callable[Arguments, Response]:
    """Turn a refusal into an answer: JSON with status and reason, the reason in the status line as well."""

    @wraps(view)
    def _explained(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Response:
        try:
            return view(*args, **kwargs)
        except ServiceRefusedError as error:
            return _refusal(error)

    return _explained


@advantage.route("/token", methods=["GET", "POST"])
@service("token")
def token() -> Response:
    """Give out an access token. Moodle labels its JSON as text/html, errors too."""
    if request.method != "POST" or request.mimetype != "application/x-www-form-urlencoded":
        return _token_refusal("invalid_request", "POST a form")
    try:
        answer = platform().tokens.issue(request.form.to_dict())
    except TokenRefusedError as error:
        return _token_refusal(error.error, error.description)
    response = Response(json.dumps(answer), mimetype=platform().core.profile.token_type)
    response.headers["Cache-Control"] = "no-store"
    return response


@advantage.get("/services/<course_id>/lineitems")
@service("lineitems")
@explained
def line_items(course_id: str) -> Response:
    """List a course's columns that are this tool's."""
    tool = _authorize(LINE_ITEM, LINE_ITEM_READ)
    _accept(LINE_ITEMS_TYPE, exact=platform().core.profile.exact_accept)
    _known_course(course_id)
    found = platform().gradebook.columns(
        course_id,
        tool_id=tool.id,
        resource_id=request.args.get("resource_id", ""),
        tag=request.args.get("tag", ""),
        link_id=request.args.get("resource_link_id", ""),
    )
    shown, start, limit = _cut(found)
    response = _json([_line_item(item, tool) for item in shown], LINE_ITEMS_TYPE)
    if limit and start + limit < len(found):
        broken = platform().core.profile.broken_line_item_links
        response.headers["Link"] = _next_link(start + limit, broken=broken)
    return response


@advantage.post("/services/<course_id>/lineitems")
@service("lineitems")
@explained
def add_line_item(course_id: str) -> Response:
    """Add a column. No Location header comes back, as in Moodle."""
    tool = _authorize(LINE_ITEM)
    _content_type(LINE_ITEM_TYPE)
    _accept(LINE_ITEM_TYPE, exact=platform().core.profile.exact_accept)
    _known_course(course_id)
    item = platform().gradebook.add_column(course_id, tool.id, _body())
    return _json(_line_item(item, tool), LINE_ITEM_TYPE, 201)


@advantage.route("/services/<course_id>/lineitems/<line_item_id>/lineitem", methods=["GET", "PUT", "DELETE"])
@service("lineitems")
@explained
def line_item(course_id: str, line_item_id: str) -> Response:
    """Show, change or delete one column."""
    reading = request.method == "GET"
    tool = _authorize(LINE_ITEM, *([LINE_ITEM_READ] if reading else []))
    item = _column(course_id, line_item_id, tool)
    if request.method == "DELETE":
        platform().gradebook.remove_column(item.id)
        return Response(status=204)
    if not reading:
        _content_type(LINE_ITEM_TYPE)
        item = platform().gradebook.change_column(item.id, tool.id, _body())
    else:
        _accept(LINE_ITEM_TYPE)
    return _json(_line_item(item, tool), LINE_ITEM_TYPE)


@advantage.post("/services/<course_id>/lineitems/<line_item_id>/lineitem/scores")
@service("score")
@explained
def scores(course_id: str, line_item_id: str) -> Response:
    """Take a score: 200 with an empty body. Moodle's refusal echoes the posted JSON in the status line."""
    tool = _authorize(SCORE)
    item = _column(course_id, line_item_id, tool)
    _content_type(SCORE_TYPE)
    body = _body()
    try:
        score = read_score(body, zone_required=platform().core.profile.zone_required)
        platform().gradebook.score(item.id, score)
    except ServiceRefusedError as error:
        if not platform().core.profile.words_in_phrase:
            return Response(json.dumps({"errors": error.reason}), error.status, mimetype="application/json")
        response = Response("[]", mimetype="application/json")
        response.status = f"{error.status} {error.reason} {json.dumps(body)[:500]}"
        return response
    return Response(status=200, mimetype="application/json")


@advantage.get("/services/<course_id>/lineitems/<line_item_id>/lineitem/results")
@service("results")
@explained
def results(course_id: str, line_item_id: str) -> Response:
    """List a column's grades, of users who have one."""
    tool = _authorize(RESULT_READ)
    _accept(RESULTS_TYPE)
    item = _column(course_id, line_item_id, tool)
    found = platform().gradebook.results(item.id, request.args.get("user_id", ""))
    shown, start, limit = _cut(found)
    response = _json([_result(one, item, tool) for one in shown], RESULTS_TYPE)
    if limit and start + limit < len(found):
        response.headers["Link"] = _next_link(start + limit)
    return response


@advantage.get("/services/CourseSection/<course_id>/bindings/<tool_id>/memberships")
@service("nrps")
@explained
def memberships(course_id: str, tool_id: str) -> Response:
    """List a course's members; the link to the next page loses what the product's does."""
    tool = _authorize(MEMBERS_READ)
    if tool.id != tool_id:
        raise ServiceRefusedError(403, "This roster is another tool's")
    _accept(MEMBERS_TYPE)
    start, limit = _whole("from"), _whole("limit")
    page = platform().roster.page(
        tool,
        course_id,
        role=request.args.get("role", ""),
        link_id=request.args.get("rlid", ""),
        start=start,
        limit=limit,
    )
    with platform().core.read() as state:
        course = state.courses[course_id]
    context: JsonObject = {"id": course.id, "label": course.label, "title": course.title}
    response = _json({"id": request.base_url, "context": context, "members": [*page.members]}, MEMBERS_TYPE)
    if page.next_from is not None:
        response.headers["Link"] = _next_link(page.next_from, lose=platform().core.profile.next_page_loses)
    return response


@advantage.route("/notice-handlers/<tool_id>", methods=["GET", "PUT"])
@service("notices")
@explained
def notice_handlers(tool_id: str) -> Response:
    """Show where a tool's notices go, or take an address for one type."""
    tool = _authorize(NOTICE_HANDLERS)
    if tool.id != tool_id or not platform().core.profile.notices:
        raise ServiceRefusedError(404, "no such tool")
    if request.method == "GET":
        return _json(platform().notices.handlers(tool), "application/json")
    _content_type("application/json")
    return _json(platform().notices.subscribe(tool, _body()), "application/json")


def _authorize(*scopes: str) -> Tool:
    """Return the tool whose token this is; it needs one of `scopes`."""
    lms = platform()
    if lms.core.profile.user_agent_required and not request.headers.get("User-Agent"):
        raise ServiceRefusedError(403, "User-Agent is required")
    header = request.headers.get("Authorization", "")
    given = lms.tokens.check(header.removeprefix("Bearer ")) if header.startswith("Bearer ") else None
    if given is None:
        raise ServiceRefusedError(401, "Unauthorized")
    if not given.scopes & set(scopes):
        raise ServiceRefusedError(lms.core.profile.missing_scope, "The token lacks the scope")
    tool = lms.tools.get(given.tool_id)
    if tool is None or request.args.get("type_id", tool.id) != tool.id:
        raise ServiceRefusedError(403, "This token is another tool's")
    return tool


def _accept(wanted: str, *, exact: bool = False) -> None:
    accept = request.headers.get("Accept", ANY)
    if accept != wanted and (exact or (ANY not in accept and wanted not in accept)):
        raise ServiceRefusedError(400, f"Accept must be {wanted}")


def _content_type(wanted: str) -> None:
    if request.mimetype != wanted:
        raise ServiceRefusedError(400, f"Content-Type must be {wanted}")


def _body() -> JsonObject:
    try:
        return _OBJECT.validate_json(request.get_data())
    except ValidationError as error:
        raise ServiceRefusedError(400, "The body is no JSON object") from error


def _known_course(course_id: str) -> None:
    with platform().core.read() as state:
        if course_id not in state.courses:
            raise ServiceRefusedError(404, "There is no such course")


def _column(course_id: str, line_item_id: str, tool: Tool) -> LineItem:
    item = platform().gradebook.column(line_item_id)
    if item is None or item.course_id != course_id:
        raise ServiceRefusedError(404, "There is no such line item")
    if item.tool_id != tool.id:
        raise ServiceRefusedError(403, "This line item is another tool's")
    return item


def _whole(name: str) -> int:
    text = request.args.get(name, "0")
    if not text.isascii() or not text.isdigit():
        raise ServiceRefusedError(400, f"{name} is no whole number")
    return int(text)


def _cut(found: list[Shown]) -> tuple[list[Shown], int, int]:
    """Return one page of `found`, where it starts and how long it may be (0: no end)."""
    profile = platform().core.profile
    start, limit = _whole("from"), _whole("limit") or profile.page_size
    if profile.largest_page:
        limit = min(limit or profile.largest_page, profile.largest_page)
    return (found[start : start + limit] if limit else found[start:]), start, limit


def _next_link(start: int, *, broken: bool = False, lose: tuple[str, ...] = ()) -> str:
    query = {name: value for name, value in request.args.items() if name not in {*lose, "from"}}
    path = platform().core.url(request.path, **query, **{"from": str(start)})
    if broken:
        path = path.replace("&", "&amp;")
        return f"<{path}>; rel=\u201cnext\u201d".encode().decode("latin-1")
    return f'<{path}>; rel="next"'


def _line_item(item: LineItem, tool: Tool) -> JsonObject:
    shown: JsonObject = {
        "id": line_item_url(platform().core, item.course_id, item.id, tool),
        "label": item.label,
        "scoreMaximum": item.score_maximum,
        "resourceId": item.resource_id,
        "tag": item.tag,
    }
    if item.link_id:
        shown |= {"resourceLinkId": item.link_id, "ltiLinkId": item.link_id}
    return shown


def _result(result: Result, item: LineItem, tool: Tool) -> JsonObject:
    url = line_item_url(platform().core, item.course_id, item.id, tool)
    before, _, query = url.partition("?")
    stored = result.stored_at
    return {
        "id": f"{before}/results?{query}&user_id={result.user_id}",
        "userId": result.user_id,
        "resultScore": result.score,
        "resultMaximum": item.score_maximum,
        "scoreOf": url,
        "timestamp": stored.isoformat(timespec="seconds") if stored else "",
        "comment": result.comment,
    }


def _json(value: object, media_type: str, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type=media_type)


def _token_refusal(error: str, description: str) -> Response:
    """Return an OAuth error; like Moodle's it is no valid JSON where the description has quotes."""
    body = f'{{"error" : "{error}", "error_description" : "{description}"}}'
    return Response(body, 400, mimetype=platform().core.profile.token_type)


def _refusal(error: ServiceRefusedError) -> Response:
    if error.html:
        return Response(f"<html><h1>{error.status} {error.reason}</h1></html>", error.status, mimetype="text/html")
    body = {"status": error.status, "reason": error.reason, "request": {"method": request.method, "url": request.url}}
    response = Response(json.dumps(body), mimetype="application/json")
    response.status = f"{error.status} {error.reason}"
    return response
