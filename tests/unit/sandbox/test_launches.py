"""Login initiation, the authentication endpoint and the id_token, against what Moodle 4.1.10 was seen to do."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from passback.sandbox.drive import Form, Reply
from passback.sandbox.keys import new_key
from passback.sandbox.links import Column
from passback.sandbox.model import Role
from tests.unit.sandbox.conftest import LMS, TOOL, Lms

ROLES = "https://purl.imsglobal.org/spec/lti/claim/roles"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
CUSTOM = "https://purl.imsglobal.org/spec/lti/claim/custom"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"


def sign_in(lms: Lms, user_id: str, **form: str) -> FlaskClient:
    """Return a browser that is signed in."""
    client = lms.client
    assert client.post(f"{LMS}/sign-in", data={"user": user_id, **form}).status_code == 302
    return client


def form_of(text: str) -> Form:
    return Reply(200, LMS, {}, text).forms()[0]


def initiation(client: FlaskClient, lms: Lms) -> Form:
    return form_of(client.get(f"{LMS}/launch/{lms.link.id}").text)


def right(start: Form) -> dict[str, str]:
    """Return the authentication request that answers a login initiation."""
    return {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": start.fields["client_id"],
        "redirect_uri": f"{TOOL}/lti/launch",
        "login_hint": start.fields["login_hint"],
        "lti_message_hint": start.fields["lti_message_hint"],
        "state": "a state & more",
        "nonce": "n-1",
    }


def claims_of(lms: Lms, token: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(lms.platform.keys.jwks())  # type: ignore[arg-type]
    return jwt.decode(token, keys, algorithms=["RS256"]).claims


def test_the_login_initiation_has_moodles_six_fields(lms: Lms) -> None:
    start = initiation(sign_in(lms, "3"), lms)
    assert (start.url, start.method) == (f"{TOOL}/lti/login", "POST")
    hint = json.loads(start.fields["lti_message_hint"])
    assert start.fields == {
        "iss": LMS,
        "target_link_uri": f"{TOOL}/lti/launch",
        "login_hint": "3",
        "lti_message_hint": json.dumps(hint, separators=(",", ":")),
        "client_id": lms.tool.client_id,
        "lti_deployment_id": lms.tool.id,
    }
    assert hint["cmid"] == lms.link.id


def test_the_login_can_come_by_get(lms: Lms) -> None:
    lms.platform.tools.change(lms.tool.id, login_method="GET")
    assert initiation(sign_in(lms, "3"), lms).method == "GET"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_right_request_posts_a_token_that_verifies(lms: Lms, method: str) -> None:
    client = sign_in(lms, "3")
    asked = right(initiation(client, lms))
    place: dict[str, Any] = {"query_string": asked} if method == "GET" else {"data": asked}
    answer = client.open(f"{LMS}/lti/auth", method=method, **place)
    form = form_of(answer.text)
    assert (answer.status_code, form.url, form.fields["state"]) == (200, f"{TOOL}/lti/launch", "a state & more")
    claims = claims_of(lms, form.fields["id_token"])
    assert claims["exp"] - claims["iat"] == 60
    assert (claims["aud"], claims["sub"], claims["nonce"]) == (lms.tool.client_id, "3", "n-1")
    assert claims[ROLES] == [f"{MEMBERSHIP}Learner"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": f"{TOOL}/lti/launch/"},
        {"redirect_uri": f"{TOOL}/lti/launch?item=1"},
        {"redirect_uri": f"{TOOL}/LTI/launch"},
        {"redirect_uri": "https://evil.test/launch"},
        {"nonce": ""},
        {"login_hint": ""},
        {"lti_message_hint": ""},
        {"lti_message_hint": '{"launchid":"ltilaunch1"}'},
        {"lti_message_hint": "[1]"},
        {"scope": "openid profile"},
        {"response_type": "code"},
    ],
)
def test_what_ends_on_the_lmss_own_error_page(lms: Lms, wrong: dict[str, str]) -> None:
    client = sign_in(lms, "3")
    answer = client.get(f"{LMS}/lti/auth", query_string=right(initiation(client, lms)) | wrong)
    assert answer.status_code == 404
    assert "Invalid request" in answer.text
    assert "data-auto-submit" not in answer.text


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"client_id": "another"}, {"error": "unauthorized_client"}),
        ({"login_hint": "4"}, {"error": "access_denied"}),
        ({"response_mode": "query"}, {"error": "invalid_request", "error_description": "Invalid response_mode"}),
        ({"response_mode": ""}, {"error": "invalid_request", "error_description": "Invalid response_mode"}),
        ({"prompt": "login"}, {"error": "invalid_request", "error_description": "Invalid prompt"}),
    ],
)
def test_what_comes_back_to_the_tool_as_an_error(lms: Lms, wrong: dict[str, str], error: dict[str, str]) -> None:
    client = sign_in(lms, "3")
    answer = client.get(f"{LMS}/lti/auth", query_string=right(initiation(client, lms)) | wrong)
    assert form_of(answer.text).fields == {**error, "state": "a state & more"}


def test_a_state_and_a_prompt_may_be_left_out(lms: Lms) -> None:
    client = sign_in(lms, "3")
    asked = right(initiation(client, lms))
    del asked["state"], asked["prompt"]
    fields = form_of(client.get(f"{LMS}/lti/auth", query_string=asked).text).fields
    assert fields["state"] == ""
    assert fields["id_token"]


def test_a_hint_works_once_and_in_its_own_session_only(lms: Lms) -> None:
    client = sign_in(lms, "3")
    asked = right(initiation(client, lms))
    assert sign_in(lms, "3").get(f"{LMS}/lti/auth", query_string=asked).status_code == 404
    assert client.get(f"{LMS}/lti/auth", query_string=asked).status_code == 200
    assert client.get(f"{LMS}/lti/auth", query_string=asked).status_code == 404


def test_without_a_cookie_the_request_is_made_again_as_first_party_and_then_asks_for_a_sign_in(lms: Lms) -> None:
    client = sign_in(lms, "3")
    asked = right(initiation(client, lms))
    stranger = lms.client
    again = form_of(stranger.get(f"{LMS}/lti/auth", query_string=asked).text)
    assert again.fields == {**asked, "repost": "true"}
    assert urlsplit(again.url).path == "/lti/auth"
    assert "/sign-in" in stranger.post(f"{LMS}/lti/auth", data=again.fields).headers["Location"]
    assert "id_token" in form_of(client.post(f"{LMS}/lti/auth", data=again.fields).text).fields


def test_a_visitor_without_a_session_starts_with_hint_0(lms: Lms) -> None:
    assert initiation(lms.client, lms).fields["login_hint"] == "0"


def test_staff_who_switch_to_learner_keep_their_own_sub(lms: Lms) -> None:
    client = sign_in(lms, "2", as_learner="1")
    fields = form_of(client.get(f"{LMS}/lti/auth", query_string=right(initiation(client, lms))).text).fields
    claims = claims_of(lms, fields["id_token"])
    assert (claims["sub"], claims[ROLES]) == ("2", [f"{MEMBERSHIP}Learner"])


def test_roles_as_moodle_says_them(lms: Lms) -> None:
    platform = lms.platform
    assistant = platform.add_user("Ana", role=Role.ASSISTANT)
    assert platform.claims(assistant, lms.link)[ROLES] == [f"{MEMBERSHIP}Instructor"]
    administrator = platform.claims(platform.user("1"), lms.link)[ROLES]
    assert administrator == sorted(administrator)  # type: ignore[type-var, arg-type]
    assert [str(role).rpartition("/")[2] for role in administrator] == [  # type: ignore[union-attr]
        "person#Administrator",
        "membership#Instructor",
        "person#Administrator",
    ]


def test_the_awkward_names_arrive_as_they_are(lms: Lms) -> None:
    single, long, right_to_left = (lms.platform.claims(one, lms.link) for one in lms.platform.learners)
    assert (single["name"], single["given_name"]) == ("Sukarno", "Sukarno")
    assert "family_name" not in single
    assert "email" not in single
    assert len(str(long["name"])) > 200
    assert all(one in str(long["name"]) for one in "'\"&<>")
    assert "given_name" not in right_to_left
    assert str(right_to_left["family_name"]).endswith("🦉")


def test_a_tool_that_may_see_no_names_gets_sub_alone(lms: Lms) -> None:
    lms.platform.tools.change(lms.tool.id, send_name=False, send_email=False)
    claims = lms.platform.claims(lms.platform.learners[1], lms.link)
    assert claims["sub"] == "4"
    assert not {"name", "given_name", "family_name", "email"} & set(claims)


def test_custom_parameters_merge_like_moodles(lms: Lms) -> None:
    platform = lms.platform
    platform.tools.change(lms.tool.id, custom={"mode": "of the tool"})
    platform.links.change(
        lms.link.id,
        custom={"mode": "of the link", "Mixed Case-Key": "x", "who": "$User.id", "unk": "$Not.a.variable"}
        | {"end": "$CourseSection.timeFrame.end"},
    )
    link = platform.links.get(lms.link.id)
    custom = platform.claims(platform.learners[0], link)[CUSTOM]
    assert isinstance(custom, dict)
    assert custom["mode"] == "of the tool"
    assert custom["Mixed Case-Key"] == custom["mixed_case_key"] == "x"
    assert (custom["who"], custom["unk"], custom["end"]) == ("3", "$Not.a.variable", "")
    assert "{link_id}" in str(custom["link_setting_url"])


def test_the_line_item_leaves_the_claim_when_the_link_has_none_or_two(lms: Lms) -> None:
    platform = lms.platform
    learner = platform.learners[0]
    assert "lineitem" in platform.claims(learner, lms.link)[AGS]  # type: ignore[operator]
    asked: dict[str, Any] = {"label": "Second", "scoreMaximum": 5, "resourceLinkId": lms.link.id}
    platform.gradebook.add_column(platform.course.id, lms.tool.id, asked)
    assert "lineitem" not in platform.claims(learner, lms.link)[AGS]  # type: ignore[operator]
    ungraded = platform.links.add(platform.course.id, lms.tool.id, "Ungraded")
    claim = platform.claims(learner, ungraded)[AGS]
    assert "lineitems" in claim  # type: ignore[operator]
    assert "lineitem" not in claim  # type: ignore[operator]


def test_without_scopes_there_are_no_services(lms: Lms) -> None:
    lms.platform.tools.change(lms.tool.id, scopes=[])
    assert not [
        name for name in lms.platform.claims(lms.platform.learners[0], lms.link) if "ags" in name or "nrps" in name
    ]


def test_a_copy_has_its_own_id_and_column_with_the_same_resource_id_and_tag(lms: Lms) -> None:
    platform = lms.platform
    platform.links.change(lms.link.id, custom={"choice": "7"})
    copy = platform.links.duplicate(lms.link.id)
    column, original = platform.links.column(copy.id), platform.links.column(lms.link.id)
    assert column is not None
    assert original is not None
    assert copy.id != lms.link.id
    assert copy.custom == {"choice": "7"}
    assert column.id != original.id
    assert (column.resource_id, column.tag, column.score_maximum) == ("bees", "final", 100.0)
    platform.links.remove(lms.link.id)
    assert platform.links.column(copy.id) == column


def test_canvas_shares_its_issuer_and_adds_no_custom(make_lms: Callable[..., Lms]) -> None:
    canvas = make_lms("canvas")
    claims = canvas.platform.claims(canvas.platform.learners[0], canvas.link)
    assert claims["iss"] == "https://canvas.instructure.com"
    assert claims[CUSTOM] == {}


def test_rotated_keys_sign_at_once_and_the_last_one_stays_published(lms: Lms) -> None:
    before = lms.platform.make_id_token(lms.platform.learners[0], lms.link)
    old = lms.platform.keys.current().kid
    lms.platform.keys.rotate()
    published = [key["kid"] for key in lms.client.get(f"{LMS}/lti/jwks").json["keys"]]  # type: ignore[index]
    assert published == [old, lms.platform.keys.current().kid]
    assert claims_of(lms, before)["sub"] == "3"
    assert not [key for key in lms.client.get(f"{LMS}/lti/jwks").json["keys"] if "d" in key]  # type: ignore[index]
    lms.platform.keys.rotate(keep_old=False)
    assert len(lms.client.get(f"{LMS}/lti/jwks").json["keys"]) == 1  # type: ignore[index]


def test_broken_tokens_can_be_made_in_every_way(lms: Lms) -> None:
    def make(**how: Any) -> tuple[dict[str, Any], dict[str, Any], str]:
        token = lms.platform.make_id_token(lms.platform.learners[0], lms.link, **how)
        header, payload, signature = token.split(".")

        def read(part: str) -> dict[str, Any]:
            return json.loads(base64.urlsafe_b64decode(part + "=="))  # type: ignore[no-any-return]

        return read(header), read(payload), signature

    header, claims, _ = make(header={"kid": None}, remove=["roles", "exp"], overrides={"version": "1.1", "aud": ["x"]})
    assert header == {"typ": "JWT", "alg": "RS256"}
    assert ROLES not in claims
    assert "exp" not in claims
    assert claims["https://purl.imsglobal.org/spec/lti/claim/version"] == "1.1"
    assert claims["aud"] == ["x"]
    assert make(header={"alg": "none"})[2] == ""
    assert make(header={"alg": "HS256"}, key=b"public key as PEM")[0]["alg"] == "HS256"
    stranger = new_key("platform")
    forged = lms.platform.make_id_token(lms.platform.learners[0], lms.link, key=stranger)
    with pytest.raises(BadSignatureError):
        claims_of(lms, forged)


def test_a_review_names_whose_work_it_is_and_is_for_staff(lms: Lms) -> None:
    assert lms.client.get(f"{LMS}/launch/{lms.link.id}/review/4").status_code == 404
    client = sign_in(lms, "2")
    start = form_of(client.get(f"{LMS}/launch/{lms.link.id}/review/4").text)
    fields = form_of(client.get(f"{LMS}/lti/auth", query_string=right(start)).text).fields
    claims = claims_of(lms, fields["id_token"])
    assert claims["https://purl.imsglobal.org/spec/lti/claim/message_type"] == "LtiSubmissionReviewRequest"
    assert claims["https://purl.imsglobal.org/spec/lti/claim/for_user"]["user_id"] == "4"


def test_the_return_page_shows_the_tools_words_and_no_markup(lms: Lms) -> None:
    page = lms.client.get(f"{LMS}/lti/return?course=2&lti_msg=Saved&lti_errormsg=<b>no</b>").text
    assert re.search(r"role=\"status\">Saved<", page)
    assert "&lt;b&gt;no&lt;/b&gt;" in page


def test_deployments_can_be_several(lms: Lms) -> None:
    second = lms.platform.tools.deploy(lms.tool.id)
    link = lms.platform.links.add("2", lms.tool.id, "Elsewhere", deployment_id=second, column=Column())
    claim = lms.platform.claims(lms.platform.learners[0], link)
    assert claim["https://purl.imsglobal.org/spec/lti/claim/deployment_id"] == second != lms.tool.id
