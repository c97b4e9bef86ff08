"""Every launch that other tools take wrongly or refuse wrongly, and every one that must be refused.

The rows come from a comparison of PyLTI1p3, ltijs and others on the same tokens, and from 1EdTech's certification
suite (its ids in brackets). Each refused one shows a page with a stable code, says whose side it is on, is on
record under the launch code, and leaves nothing behind.
"""

import base64
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc.jwk import RSAKey
from sqlalchemy import func, select

from passback.db import Unscoped, tenant_session, unscoped
from passback.errors import Side
from passback.lti import records
from passback.lti.models import ResourceLink
from passback.runtime import runtime
from passback.sandbox.drive import Trip
from passback.sandbox.keys import new_key
from passback.tracking.models import Learner, Registration
from tests.support.lti import School

How = Callable[[School], dict[str, Any]]
LMS, TOOL, BROWSER, REQUEST = "the LMS", "Passback", "your browser", "the request"
STRANGER = new_key("a stranger's")


def resigned(change_header: dict[str, Any] | None = None, **overrides: Any) -> How:
    """Sign by hand what no library would: the LMS's own key, but ASCII JSON and any header at all."""

    def how(school: School) -> dict[str, Any]:
        key = published(school)

        def sign(form: dict[str, str]) -> dict[str, str]:
            given = json.loads(base64.urlsafe_b64decode(form["id_token"].split(".")[1] + "=="))
            head = {"alg": "RS256", "kid": key.kid, **(change_header or {})}
            parts = [json.dumps(one).encode() for one in (head, given | overrides)]
            signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
            size = hashes.SHA384() if head["alg"] == "RS384" else hashes.SHA256()
            signature = key.raw_value.sign(signed, padding.PKCS1v15(), size)
            token = signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")
            return {**form, "id_token": token.decode()}

        return {"change_form": sign}

    return how


def now() -> int:
    return int(time.time())


def claims(**overrides: Any) -> How:
    return lambda _school: {"overrides": overrides}


def without(*names: str) -> How:
    return lambda _school: {"remove": names}


def header(**changes: Any) -> How:
    return lambda _school: {"header": changes}


def published(school: School) -> RSAKey:
    return school.lms.keys.current()


def mixed(school: School, *audience: str, azp: str | None = None) -> dict[str, Any]:
    named = [one.replace("US", school.tool.client_id) for one in audience]
    party = {} if azp is None else {"azp": azp.replace("US", school.tool.client_id)}
    return {"overrides": {"aud": named, **party}}


def change(**fields: str) -> How:
    return lambda _school: {"change_form": lambda form: {**form, **fields}}


def drop(name: str) -> How:
    return lambda _school: {"change_form": lambda form: {key: form[key] for key in form if key != name}}


def deep(how: dict[str, Any]) -> dict[str, Any]:
    return {"deep": True, **how}


def settings(**changes: Any) -> How:
    whole = {"deep_link_return_url": "http://127.0.0.1:8080/back", "accept_types": ["ltiResourceLink"]}
    kept = {name: value for name, value in {**whole, **changes}.items() if value is not None}
    return lambda _school: deep({"overrides": {"deep_linking_settings": kept}})


REFUSED: list[tuple[str, How, str, str]] = [
    # The signature and its key
    (
        "wrong key under a known name",
        lambda s: {"key": STRANGER, "header": {"kid": published(s).kid}},
        "token_signature",
        LMS,
    ),
    ("unknown kid [B2]", lambda _s: {"key": STRANGER}, "token_key_unknown", LMS),
    ("no kid [B1]", header(kid=None), "token_no_kid", LMS),
    ("kid is a number", resigned({"kid": 7}), "token_no_kid", LMS),
    ("alg none", lambda _s: {"key": b"", "header": {"alg": "none"}}, "token_algorithm", LMS),
    (
        "HMAC with the public key",
        lambda s: {"key": published(s).as_pem(private=False), "header": {"alg": "HS256", "kid": published(s).kid}},
        "token_algorithm",
        LMS,
    ),
    ("another algorithm than agreed", resigned({"alg": "RS384"}), "token_algorithm", LMS),
    ("critical header", resigned({"crit": ["b64"], "b64": False}), "token_malformed", LMS),
    ("garbage", change(id_token="garbage"), "token_malformed", LMS),
    ("JSON, no token [B5]", change(id_token='{"a": 1}'), "token_malformed", LMS),
    ("three parts of nothing", change(id_token="a.b.c"), "token_malformed", LMS),
    ("payload is a list", change(id_token="eyJhbGciOiJSUzI1NiJ9.W10.AA"), "token_malformed", LMS),
    (
        "payload is nested too deep",
        change(id_token="eyJhbGciOiJSUzI1NiJ9." + "W1tb" * 15000 + ".AA"),
        "token_malformed",
        LMS,
    ),
    # Issuer, audience
    ("no iss", without("iss"), "token_issuer", LMS),
    ("another iss", claims(iss="https://evil.example"), "token_issuer", LMS),
    ("iss with a slash at the end", lambda s: {"overrides": {"iss": s.lms.issuer + "/"}}, "token_issuer", LMS),
    ("iss with https", lambda s: {"overrides": {"iss": s.lms.issuer.replace("http", "https")}}, "token_issuer", LMS),
    ("no aud", without("aud"), "token_audience", LMS),
    ("another aud", claims(aud="somebody"), "token_audience", LMS),
    ("aud without us", lambda s: mixed(s, "x", "y"), "token_audience", LMS),
    ("aud is an object", claims(aud={"id": "x"}), "token_audience", LMS),
    ("aud with others, azp another", lambda s: mixed(s, "US", "x", azp="x"), "token_azp", LMS),
    ("aud with others, no azp", lambda s: mixed(s, "US", "x"), "token_azp", LMS),
    ("aud us, azp another", claims(azp="evil"), "token_azp", LMS),
    ("aud us, azp empty", claims(azp=""), "token_azp", LMS),
    # Times [B7]
    ("no exp", without("exp"), "token_times_missing", LMS),
    ("no iat", without("iat"), "token_times_missing", LMS),
    ("exp is a text", claims(exp="tomorrow"), "token_times_missing", LMS),
    ("exp is true", claims(exp=True), "token_times_missing", LMS),
    ("exp is not finite", claims(exp=float("inf")), "token_times_missing", LMS),
    ("exp is beyond any number", claims(exp=10**400), "token_times_missing", LMS),
    (
        "expired beyond the leeway",
        lambda _s: {"overrides": {"exp": now() - 61, "iat": now() - 120}},
        "token_expired",
        LMS,
    ),
    (
        "made a day ago, still valid",
        lambda _s: {"overrides": {"iat": now() - 86400, "exp": now() + 60}},
        "token_too_old",
        LMS,
    ),
    (
        "made eleven minutes ago",
        lambda _s: {"overrides": {"iat": now() - 660, "exp": now() + 600}},
        "token_too_old",
        LMS,
    ),
    ("valid for ten years", lambda _s: {"overrides": {"exp": now() + 315_360_000}}, "token_lifetime", LMS),
    (
        "made beyond the leeway ahead",
        lambda _s: {"overrides": {"iat": now() + 70, "exp": now() + 130}},
        "token_from_the_future",
        LMS,
    ),
    ("not before tomorrow", lambda _s: {"overrides": {"nbf": now() + 86400}}, "token_from_the_future", LMS),
    # Nonce and state
    ("no nonce", without("nonce"), "token_nonce", LMS),
    ("another nonce", claims(nonce="another"), "token_nonce", LMS),
    ("nonce is a list", claims(nonce=["x"]), "token_nonce", LMS),
    ("nonce is no text a database takes", resigned(nonce="\ud800"), "token_nonce", LMS),
    ("no state", drop("state"), "message_malformed", REQUEST),
    ("empty state", change(state=""), "message_malformed", REQUEST),
    ("another state", change(state="another"), "state_unknown", REQUEST),
    ("no id_token", drop("id_token"), "message_malformed", REQUEST),
    # The message
    ("no version [B4]", without("version"), "message_version", LMS),
    ("version 1.3.1 [B3]", claims(version="1.3.1"), "message_version", LMS),
    ("version LTI-1p0 [B3]", claims(version="LTI-1p0"), "message_version", LMS),
    ("no message type [B8]", without("message_type"), "message_type", LMS),
    ("unknown message type", claims(message_type="LtiStartProctoring"), "message_type", LMS),
    ("message type is a list", claims(message_type=["LtiResourceLinkRequest"]), "message_type", LMS),
    ("no roles [B9]", without("roles"), "message_roles", LMS),
    ("roles are a text", claims(roles="Learner"), "message_roles", LMS),
    ("roles are null", claims(roles=None), "message_roles", LMS),
    ("roles hold a number", claims(roles=[1]), "message_roles", LMS),
    ("no deployment [B10]", without("deployment_id"), "deployment_missing", LMS),
    ("deployment is a number", claims(deployment_id=1), "deployment_missing", LMS),
    ("deployment of 256 characters", claims(deployment_id="d" * 256), "message_shape", LMS),
    ("no resource link", without("resource_link"), "message_resource_link", LMS),
    ("resource link without id [B11]", claims(resource_link={"title": "x"}), "message_resource_link", LMS),
    ("resource link with an empty id", claims(resource_link={"id": ""}), "message_resource_link", LMS),
    ("resource link with a blank id", claims(resource_link={"id": "  "}), "message_resource_link", LMS),
    ("resource link with NUL in its id", claims(resource_link={"id": "a\0b"}), "message_shape", LMS),
    ("no sub [B12]", without("sub"), "subject_missing", LMS),
    ("sub is null", claims(sub=None), "subject_missing", LMS),
    ("sub is blank", claims(sub="   "), "subject_missing", LMS),
    ("sub is a number", claims(sub=5), "subject_invalid", LMS),
    ("sub of 256 characters", claims(sub="s" * 256), "subject_invalid", LMS),
    ("sub with NUL", claims(sub="a\0b"), "subject_invalid", LMS),
    ("no target_link_uri", without("target_link_uri"), "message_target", LMS),
    ("target_link_uri is empty", claims(target_link_uri=""), "message_target", LMS),
    (
        "target_link_uri on another host",
        claims(target_link_uri="https://evil.example/lti/launch"),
        "message_target_foreign",
        LMS,
    ),
    ("target_link_uri is no URL", claims(target_link_uri="http://[/"), "message_target_foreign", LMS),
    # Deep linking
    (
        "deep linking without settings",
        lambda _s: deep({"remove": ["deep_linking_settings"]}),
        "deep_linking_return",
        LMS,
    ),
    ("deep linking without return URL", settings(deep_link_return_url=None), "deep_linking_return", LMS),
    ("deep linking back to a script", settings(deep_link_return_url="javascript:alert(1)"), "deep_linking_return", LMS),
    ("deep linking for links and files only", settings(accept_types=["link", "file"]), "deep_linking_type", LMS),
    ("deep linking without accept_types", settings(accept_types=None), "deep_linking_type", LMS),
]


ACCEPTED: list[tuple[str, How]] = [
    ("iat 3 s ahead", lambda _s: {"overrides": {"iat": now() + 3}}),
    ("iat 55 s ahead", lambda _s: {"overrides": {"iat": now() + 55, "exp": now() + 115}}),
    ("expired 10 s ago", lambda _s: {"overrides": {"exp": now() - 10, "iat": now() - 70}}),
    ("expired 55 s ago", lambda _s: {"overrides": {"exp": now() - 55, "iat": now() - 115}}),
    ("made nine minutes ago", lambda _s: {"overrides": {"iat": now() - 540, "exp": now() + 60}}),
    ("times with fractions", lambda _s: {"overrides": {"iat": now() - 0.5, "exp": now() + 60.5}}),
    ("aud is a list of us", lambda s: mixed(s, "US")),
    ("aud with us second, azp us", lambda s: mixed(s, "x", "US", azp="US")),
    ("aud with us first, azp us", lambda s: mixed(s, "US", "x", azp="US")),
    ("aud us, azp us", lambda s: {"overrides": {"azp": s.tool.client_id}}),
    ("no role at all", claims(roles=[])),
    ("unknown role", claims(roles=["http://example.org/roles#Wizard"])),
    ("short role", claims(roles=["Learner"])),
    ("many roles, one twice", claims(roles=["Learner", "Learner", "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Student"])),
    ("email only", without("name", "given_name", "family_name")),
    ("names only", without("email")),
    ("nothing personal", without("name", "given_name", "family_name", "email")),
    ("no context", without("context")),
    ("null claims", claims(context=None, launch_presentation=None, tool_platform=None, name=None)),
    ("claims of odd shapes", claims(context="C", launch_presentation=7, tool_platform=[], email=9)),
    ("sub beyond ASCII", claims(sub="Zoë")),
    ("sub of 255 characters", claims(sub="s" * 255)),
    ("target with a query", claims(target_link_uri="http://localhost:8000/lti/launch?item=1")),
    ("target of an older registration", claims(target_link_uri="https://LOCALHOST:8000/anything")),
    ("unknown claims", claims(**{"https://canvas.instructure.com/errors": {"errors": {}}, "x": None})),
    ("header with a certificate chain", resigned({"x5c": ["A" * 3000], "jku": "https://evil.example/keys", "own": 1})),
    ("names that no database takes", resigned(name="A\0\ud800 B", given_name="\0", family_name="x" * 5000)),
]  # fmt: skip


def run(school: School, how: dict[str, Any]) -> Trip:
    return school.deep_link(**how) if how.pop("deep", False) else school.launch(**how)


def stored(school: School) -> list[int]:
    with tenant_session(school.tenant_id) as session:
        tables = (Learner, Registration, ResourceLink)
        return [session.scalars(select(func.count()).select_from(table)).one() for table in tables]


@pytest.mark.parametrize(("how", "code", "side"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_bad_launch_is_refused_with_a_reason(school: School, how: How, code: str, side: str) -> None:
    reply = run(school, how(school)).reply
    assert 400 <= reply.status < 500
    assert f"· {code}</small>" in reply.text
    assert Side(side).sentence in reply.text
    assert stored(school) == [0, 0, 0]
    launch_code = re.search(r"Launch code: (\S+)", reply.text)
    assert launch_code is not None
    with unscoped(Unscoped.INSTALLATION) as session:
        record = records.find(session, launch_code[1].lower().replace("-", " "))
        assert record is not None
        assert (record.verdict, record.error) == ("refused", code)
        assert record.checks[-1]["verdict"] == "failed"


@pytest.mark.parametrize("how", [row[1] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_a_good_launch_is_not_refused(school: School, how: How) -> None:
    reply = run(school, how(school)).reply
    assert reply.status == 303, reply.text
    assert reply.location.startswith("http://localhost:8000/open/")
    assert stored(school) == [1, 1, 1]


@pytest.mark.parametrize("changes", [{"status": "pending"}, {"status": "disabled"}])
def test_a_platform_that_is_switched_off_between_login_and_launch(school: School, changes: dict[str, str]) -> None:
    def switch_off(form: dict[str, str]) -> dict[str, str]:
        school.change_platform(**changes)
        return form

    reply = school.launch(change_form=switch_off).reply
    assert reply.status == 403
    assert f"· platform_{changes['status']}</small>" in reply.text


@pytest.mark.parametrize("word", ["login_required", "access_denied", "<script>alert(1)</script>"])
def test_an_error_instead_of_a_launch(school: School, word: str) -> None:
    reply = school.launch(
        change_form=lambda form: {"error": word, "error_description": "<b>no</b>", "state": form["state"]}
    ).reply
    assert reply.status == 400
    assert "· platform_refused</small>" in reply.text
    assert ("Sign in to your LMS in this browser" in reply.text) == (word == "login_required")
    assert "<script>" not in reply.text
    assert "<b>no" not in reply.text


def test_a_launch_with_a_field_given_twice(school: School) -> None:
    answer = school.client.post(
        "/lti/launch", data=b"state=a&state=b&id_token=x", content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 400
    assert "message_malformed" in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"state=%FF%00&id_token=a.b.c",
        b"state=a&id_token=%FF%00.b.c&opener=%ED%A0%80",
        b"error=%FF&state=%FF",
        b"\xff=\xfe",
    ],
)
@pytest.mark.parametrize("path", ["/lti/launch", "/lti/login", "/lti/login/again", "/lti/login/tab"])
def test_bytes_that_are_no_text(school: School, path: str, body: bytes) -> None:
    answer = school.client.post(path, data=body, content_type="application/x-www-form-urlencoded")
    assert 400 <= answer.status_code < 500
    assert "Launch code:" in answer.text


def test_a_launch_of_a_megabyte(school: School) -> None:
    answer = school.client.post("/lti/launch", data={"state": "a", "id_token": "x" * 1_000_000})
    assert answer.status_code == 413
    assert "message_too_large" in answer.text


def test_a_launch_by_get(school: School) -> None:
    assert school.client.get("/lti/launch?state=a&id_token=b").status_code == 405


def test_a_link_from_a_former_address_still_works(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    old = "https://old.example/lti/launch?item=1"
    assert school.launch(overrides={"target_link_uri": old}).reply.status == 403
    with school.app.app_context():
        monkeypatch.setattr(runtime().settings, "former_urls", ["https://older.example", "https://old.example"])
    assert school.launch(overrides={"target_link_uri": old}).reply.status == 303
    assert school.launch(overrides={"target_link_uri": "https://old.example.evil/"}).reply.status == 403


def test_anonymous_refusals_do_not_fill_the_database(school: School) -> None:
    for _ in range(records.ANONYMOUS_PER_MINUTE + 20):
        school.client.post("/lti/launch", data={"state": "a", "id_token": "b"})
    with unscoped(Unscoped.INSTALLATION) as session:
        assert len(records.recent(session, limit=1000)) <= 2 * records.ANONYMOUS_PER_MINUTE
