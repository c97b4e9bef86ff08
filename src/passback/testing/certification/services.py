"""Deep Linking, Names and Roles, Assignments and Grades: the guide's 6.2, 6.3 and 6.4, step by step.

The platform's side is the practice LMS, which checks each of these by itself as strictly as Moodle; what the tool sent
is read from its log.
"""

import json
import time
from typing import Any, cast
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import func, select

from passback.clock import utc_now
from passback.db import tenant_session
from passback.lti.roster_models import Roster, RosterMember
from passback.lti.rosters import sync_roster
from passback.sandbox import drive
from passback.sandbox.faults import Fault
from passback.sandbox.requestlog import LoggedRequest
from passback.sandbox.vocabulary import (
    AGS_ENDPOINT,
    AGS_SCOPES,
    DEEP_LINKING_RESPONSE,
    DL,
    LINE_ITEM_TYPE,
    LTI,
    MEMBERS_READ,
    MEMBERS_TYPE,
    NRPS_SERVICE,
    RESULTS_TYPE,
    SCORE_TYPE,
)
from passback.testing.certification.bench import ITEM, Bench
from passback.testing.certification.breaking import settings
from passback.testing.certification.installation import TOOL
from passback.testing.certification.model import Case
from passback.testing.certification.picking import answer_claims, answer_token, pick

LONGEST = 3600
"""Seconds that an answer or an assertion may hold at most."""


def _published(bench: Bench) -> KeySet:
    return KeySet.import_key_set(bench.client.get(f"{TOOL}/lti/jwks").get_json())


# --- Deep Linking ----------------------------------------------------------------------------------------------------


def _request_received(bench: Bench) -> str:
    return bench.opened(bench.deep_link().reply, "deep linking")


def _response_received(bench: Bench) -> str:
    links = drive.answer_picker(bench.lms, pick(bench, bench.deep_link().reply))
    bench.expect(len(links) == 1, f"one link; the platform made {len(links)}")
    return "the platform took the answer and made the link"


def _response_format(bench: Bench) -> str:
    """One form field `JWT`, posted to the return URL, holding one signed token and content items that are a list."""
    reply = pick(bench, bench.deep_link().reply)
    form = next((form for form in reply.forms() if "JWT" in form.fields), None)
    bench.expect(form is not None and form.method == "POST" and len(form.fields) == 1, "one field, JWT, by POST")
    items = answer_claims(reply).get(DL + "content_items")
    right = isinstance(items, list) and items and all(isinstance(one, dict) and one.get("type") for one in items)
    bench.expect(right, "content_items is a list of objects with a type")
    return "one field JWT by POST; content_items is a list of typed items"


def _response_times(bench: Bench) -> str:
    claims, now = answer_claims(pick(bench, bench.deep_link().reply)), time.time()
    issued, expires = cast("float", claims.get("iat", 0)), cast("float", claims.get("exp", 0))
    bench.expect(now - 60 <= issued <= now < expires <= now + LONGEST, f"iat and exp around now; {issued} {expires}")
    return f"iat {now - issued:.0f} s ago, exp in {expires - now:.0f} s"


def _response_signature(bench: Bench) -> str:
    token = jwt.decode(answer_token(pick(bench, bench.deep_link().reply)), _published(bench), algorithms=["RS256"])
    bench.expect(token.header.get("kid"), "the header names a key")
    return "RS256, verified with the key of that kid in the tool's JWKS"


def _response_claims(bench: Bench) -> str:
    reply = bench.deep_link(**settings(data="given ✓")(bench)).reply
    claims = answer_claims(pick(bench, reply))
    right = {
        "iss": bench.tool.client_id,
        "aud": bench.lms.issuer,
        LTI + "message_type": DEEP_LINKING_RESPONSE,
        LTI + "version": "1.3.0",
        LTI + "deployment_id": bench.tool.deployments[0],
        DL + "data": "given ✓",
    }
    for name, value in right.items():
        bench.expect(claims.get(name) == value, f"{name} is {value!r}; found {claims.get(name)!r}")
    bench.expect(claims.get("nonce") and DL + "content_items" in claims, "a nonce, and content_items")
    return "message_type, version, deployment_id, content_items and data as they must be"


def _response_values(bench: Bench) -> str:
    """What the instructor chose is what the platform placed, and it launches."""
    (link,) = drive.answer_picker(bench.lms, pick(bench, bench.deep_link().reply, points="12.5"))
    column = bench.lms.links.column(link.id)
    bench.expect(link.title == "Certification" and link.url == f"{TOOL}/lti/launch", f"title and address; {link}")
    bench.expect(column is not None and column.score_maximum == 12.5, f"a column of 12.5 points; {column}")
    bench.expect(link.custom.get(ITEM), "the choice as a custom parameter")
    return bench.opened(bench.launch(link=link).reply)


def _cancelled(bench: Bench) -> str:
    claims = answer_claims(pick(bench, bench.deep_link().reply, action="cancel"))
    bench.expect(claims.get(DL + "content_items") == [], "an answer without items")
    return "answered without items"


# --- Tokens ----------------------------------------------------------------------------------------------------------


def _check_token_request(bench: Bench, asked: LoggedRequest, granted: set[str]) -> None:
    """Ask that a token request is one (1EdTech Security Framework 4.1) and asks for no scope that was not granted."""
    form = {name: values[0] for name, values in parse_qs(asked.body).items()}
    bench.expect(asked.headers.get("content-type") == "application/x-www-form-urlencoded", "form-encoded")
    bench.expect(form.get("grant_type") == "client_credentials", "grant_type client_credentials")
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    bench.expect(form.get("client_assertion_type") == kind, f"client_assertion_type {kind}")
    scopes = set(form.get("scope", "").split())
    bench.expect(scopes and scopes <= granted, f"scopes of the launch's claim only; asked for {sorted(scopes)}")
    claims = jwt.decode(form.get("client_assertion", ""), _published(bench), algorithms=["RS256"]).claims
    own = bench.tool.client_id
    bench.expect(claims.get("iss") == claims.get("sub") == own, "iss and sub are the client id")
    bench.expect(claims.get("jti") and claims.get("aud") == bench.lms.token_url, "jti, and the token address as aud")
    bench.expect(0 < claims.get("exp", 0) - claims.get("iat", 0) <= LONGEST, "iat and exp within the hour")


def _check_call(bench: Bench, call: LoggedRequest, scope: str, **headers: str) -> None:
    """Ask that a service call was accepted, with a valid bearer token that has the scope and the right media types."""
    bearer = call.headers.get("authorization", "")
    given = bench.lms.tokens.check(bearer.removeprefix("Bearer ")) if bearer.startswith("Bearer ") else None
    bench.expect(given is not None, "a valid bearer token")
    bench.expect(given is not None and scope in given.scopes, f"a token with the scope {scope}")
    for name, value in headers.items():
        sent = call.headers.get(name.replace("_", "-"))
        bench.expect(sent == value, f"{name} is {value}; found {sent}")
    bench.expect(call.status in {200, 201}, f"accepted; the platform answered {call.status}")


# --- Names and roles -------------------------------------------------------------------------------------------------


def _roster_asked(bench: Bench) -> LoggedRequest:
    """Launch as the instructor, and have the tool read the roster that it asks for after the launch."""
    bench.opened(bench.launch(bench.instructor).reply, "course page")
    with tenant_session(bench.tenant_id) as session:
        due = session.scalars(select(Roster).where(Roster.due_at <= utc_now())).all()
    bench.expect(len(due) == 1, f"the course's roster is due after the launch; {len(due)} are")
    sync_roster(bench.tenant_id, due[0].context_id)
    calls = bench.calls("nrps")
    bench.expect(calls, "the roster is requested")
    return calls[0]


def _members(bench: Bench) -> int:
    with tenant_session(bench.tenant_id) as session:
        return session.scalars(select(func.count()).select_from(RosterMember)).one()


def _nrps_launch(bench: Bench) -> str:
    claims = bench.lms.claims(bench.instructor, bench.link)
    bench.expect(NRPS_SERVICE in claims, "the launch carries the claim")
    return bench.opened(bench.launch(bench.instructor).reply, "course page")


def _nrps_request(bench: Bench) -> str:
    call = _roster_asked(bench)
    bench.expect(
        call.method == "GET" and call.path.endswith("/memberships"), f"GET memberships; {call.method} {call.path}"
    )
    bench.expect(_members(bench) == 4, f"the teacher and three learners are kept; found {_members(bench)}")
    return "GET to context_memberships_url; four members kept"


def _nrps_headers(bench: Bench) -> str:
    _check_call(bench, _roster_asked(bench), MEMBERS_READ, accept=MEMBERS_TYPE)
    return f"Accept: {MEMBERS_TYPE}"


def _nrps_bearer(bench: Bench) -> str:
    _roster_asked(bench)
    _check_token_request(bench, bench.calls("token")[0], {MEMBERS_READ, *AGS_SCOPES})
    return "a valid bearer token, from a token request as it must be"


def _nrps_scope(bench: Bench) -> str:
    call = _roster_asked(bench)
    given = bench.lms.tokens.check(call.headers["authorization"].removeprefix("Bearer "))
    bench.expect(given is not None and given.scopes == {MEMBERS_READ}, f"this scope alone; {given}")
    return f"scope {MEMBERS_READ}, no other"


# --- Assignments and grades ------------------------------------------------------------------------------------------


def _played(bench: Bench, scaled: float = 0.8, **how: Any) -> None:
    trip = bench.launch(**how)
    bench.opened(trip.reply)
    bench.play(trip.reply, scaled)


def _calls(bench: Bench, area: str, method: str) -> list[LoggedRequest]:
    found = [one for one in bench.calls(area) if one.method == method]
    bench.expect(found, f"{method} to {area}; the platform got none")
    return found


def _without_line_item(bench: Bench) -> dict[str, Any]:
    """A launch that names the course's line items and none for its own link."""
    with bench.lms.core.change() as state:
        state.line_items = {key: item for key, item in state.line_items.items() if item.link_id != bench.link.id}
    claim = bench.lms.claims(bench.student, bench.link)[AGS_ENDPOINT]
    bench.expect(isinstance(claim, dict) and "lineitem" not in claim, "a launch without lineitem")
    return {}


def _ags_launch(bench: Bench) -> str:
    bench.expect(AGS_ENDPOINT in bench.lms.claims(bench.student, bench.link), "the launch carries the claim")
    answered = bench.opened(bench.launch().reply)
    bench.expect(bench.delivery().line_item.startswith(bench.lms.config.url), "a grade is owed to its line item")
    return f"{answered}; a grade is owed to the line item of the claim"


def _ags_token(bench: Bench) -> str:
    _played(bench)
    _check_token_request(bench, bench.calls("token")[0], set(AGS_SCOPES))
    return "a token request as it must be, for the claim's AGS scopes only"


def _ags_reads(bench: Bench) -> str:
    _played(bench, **_without_line_item(bench))
    call = _calls(bench, "lineitems", "GET")[0]
    _check_call(bench, call, AGS_SCOPES[0], accept="application/vnd.ims.lis.v2.lineitemcontainer+json")
    queries = [one.query for one in bench.calls("lineitems") if one.method == "GET"]
    bench.expect(f"resource_link_id={bench.link.id}" in queries[0], f"asked for its own link's; {queries[0]}")
    # A column that lost its link is looked for by the id that it was made with, before a second one is made.
    odd = [query for query in queries if "resource_link_id=" not in query and "resource_id=" not in query]
    bench.expect(not odd, f"never asked for everybody's; {odd}")
    return "line items read, those of its own link"


def _ags_makes(bench: Bench) -> str:
    """Twice played, by two learners: one column."""
    _played(bench, **_without_line_item(bench))
    call = _calls(bench, "lineitems", "POST")[-1]
    _check_call(bench, call, AGS_SCOPES[0], accept=LINE_ITEM_TYPE, content_type=LINE_ITEM_TYPE)
    made = json.loads(call.body)
    right = made.get("label") and made.get("scoreMaximum") == 100 and made.get("resourceLinkId") == bench.link.id
    bench.expect(right, f"label, scoreMaximum and resourceLinkId; {sorted(made)}")
    _played(bench, user=bench.lms.learners[2])
    with bench.lms.core.read() as state:
        columns = [item for item in state.line_items.values() if item.link_id == bench.link.id]
    bench.expect(len(columns) == 1, f"one column; found {len(columns)}")
    result = bench.lms.gradebook.result(columns[0].id, bench.student.id)
    bench.expect(result is not None and result.score == 80, f"80 in it; found {result}")
    return "one line item made, both learners' scores in it"


def _ags_score(bench: Bench) -> str:
    _played(bench)
    call = _calls(bench, "score", "POST")[-1]
    _check_call(bench, call, AGS_SCOPES[3], content_type=SCORE_TYPE)
    score = json.loads(call.body)
    right = {"userId": bench.student.id, "scoreGiven": 80, "scoreMaximum": 100, "activityProgress": "Completed"}
    for name, value in {**right, "gradingProgress": "FullyGraded"}.items():
        bench.expect(score.get(name) == value, f"{name} is {value!r}; found {score.get(name)!r}")
    bench.expect(str(score.get("timestamp", "")).endswith("Z"), f"a time with a zone; {score.get('timestamp')}")
    bench.expect(bench.shown() == 80, f"80 in the gradebook; found {bench.shown()}")
    return "80 of 100, Completed, FullyGraded; 80 in the gradebook"


def _ags_results(bench: Bench) -> str:
    """The answer to the first score is lost: the tool reads the result before it sends again, and need not send."""
    bench.fail("score", Fault.lost_answer())
    _played(bench)
    bench.expect(bench.delivery().state in {"waiting", "queued"}, f"not known yet; {bench.delivery().state}")
    with bench.installation.later(120.0):
        bench.deliver()
    _check_call(bench, _calls(bench, "results", "GET")[-1], AGS_SCOPES[2], accept=RESULTS_TYPE)
    bench.expect(bench.delivery().state in {"delivered", "read_back"}, f"delivered; {bench.delivery().state}")
    bench.expect(len(bench.calls("score")) == 1, "the score was not sent a second time")
    return "results read; the score had arrived and was not sent twice"


def _ags_expired(bench: Bench) -> str:
    bench.fail("score", Fault.expired_token())
    _played(bench)
    bench.expect(bench.shown() == 80, f"80 in the gradebook; found {bench.shown()}")
    asked, sent = len(bench.calls("token")), len(bench.calls("score"))
    bench.expect((asked, sent) == (2, 2), f"one more token, one more try; {asked} tokens, {sent} tries")
    return "a fresh token, and the score arrived"


def _ags_teacher(bench: Bench) -> str:
    bench.opened(bench.launch(bench.instructor).reply, "course page")
    bench.deliver()
    bench.expect(not bench.calls("score"), "no score sent")
    return "no score for a teacher"


def _ags_not_granted(bench: Bench) -> str:
    """The claim grants reading only."""
    claim = bench.lms.claims(bench.student, bench.link)[AGS_ENDPOINT]
    assert isinstance(claim, dict)
    _played(bench, overrides={AGS_ENDPOINT: {**claim, "scope": [AGS_SCOPES[1], AGS_SCOPES[2]]}})
    bench.expect(not bench.calls("score") and not bench.calls("token"), "no token asked for, no score sent")
    return "no token asked for, no score sent"


DEEP_LINKING = (
    Case("DL1", "a deep linking request", "the picker opens", _request_received),
    Case("DL2", "the request, a course is chosen", "the platform takes the answer", _response_received),
    Case("DL3", "the request, a course is chosen", "the answer's form is right", _response_format),
    Case("DL4", "the request, a course is chosen", "iat and exp are right", _response_times),
    Case("DL5", "the request, a course is chosen", "signed with a key of the tool's JWKS", _response_signature),
    Case("DL6", "the request with data, a course is chosen", "the required claims, data echoed", _response_claims),
    Case("DL7", "the request, a course with 12.5 points is chosen", "placed as chosen; it launches", _response_values),
    Case("DL8", "the request, nothing is chosen", "an answer without items", _cancelled),
)
NAMES_AND_ROLES = (
    Case("NRPS1", "an instructor's launch with the claim", "accepted (course page)", _nrps_launch),
    Case("NRPS2", "an instructor's launch with the claim", "the roster is requested and kept", _nrps_request),
    Case("NRPS3", "an instructor's launch with the claim", "the right headers", _nrps_headers),
    Case("NRPS4", "an instructor's launch with the claim", "a valid bearer token", _nrps_bearer),
    Case("NRPS5", "an instructor's launch with the claim", "the one scope that is needed", _nrps_scope),
)
ASSIGNMENTS_AND_GRADES = (
    Case("AGS1", "a learner's launch with the claim", "accepted; a grade is owed", _ags_launch),
    Case("AGS2", "a learner's launch; the course is played", "a token request as it must be", _ags_token),
    Case("AGS3", "a launch without lineitem; the course is played", "the line items are read", _ags_reads),
    Case("AGS4", "launches without lineitem; two learners play", "one line item is made", _ags_makes),
    Case("AGS5", "a learner's launch; the course is played", "the score arrives", _ags_score),
    Case("AGS6", "the answer to a score is lost", "results read, nothing sent twice", _ags_results),
    Case("AGS7", "a token that the platform no longer takes", "a fresh token; the score arrives", _ags_expired),
    Case("AGS8", "an instructor's launch", "no score", _ags_teacher),
    Case("AGS9", "a claim without the scope for scores", "no token asked for, no score sent", _ags_not_granted),
)
