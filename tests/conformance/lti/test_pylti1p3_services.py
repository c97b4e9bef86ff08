"""Why PyLTI1p3's services, deep linking and login are not used: what 2.0.0 does as it comes, and what Passback does.

Both talk to the same practice LMS. `ours` runs the cases of `passback certify` that ask for the right thing.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.contrib.flask import FlaskCookieService, FlaskOIDCLogin
from pylti1p3.deep_link import DeepLink
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.exception import LtiServiceException
from pylti1p3.grade import Grade
from pylti1p3.names_roles import NamesRolesProvisioningService
from pylti1p3.registration import Registration
from sqlalchemy import select

from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery.models import DeliveryTry
from passback.lti import line_items
from passback.lti.ags import target_of
from passback.lti.models import Platform, ResourceLink
from passback.lti.nrps import MEMBERS_TYPE, read_roster
from passback.lti.paging import PagingError
from passback.lti.services import ServiceClient
from passback.sandbox import drive
from passback.sandbox.faults import Fault
from passback.sandbox.scores import read_score
from passback.sandbox.vocabulary import AGS_ENDPOINT, AGS_SCOPES, MEMBERS_READ, NRPS_SERVICE
from passback.testing.certification import Installation
from passback.testing.certification.bench import Bench, open_bench
from passback.testing.certification.breaking import settings
from passback.testing.certification.installation import TOOL
from passback.testing.certification.picking import answer_claims, pick
from tests.conformance.lti.test_pylti1p3_launch import ours
from tests.support.pylti1p3_alone import LMS, Original, Recording, connector

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"


@pytest.fixture
def bench(installation: Installation) -> Iterator[Bench]:
    """A platform that is registered with Passback; PyLTI1p3 uses the same registration."""
    with installation.app.app_context():
        installation.server.platform.log.clear()
        yield open_bench(installation)
        installation.server.faults.clear()


def grades(bench: Bench, http: Recording | None = None) -> AssignmentsGradesService:
    """Return PyLTI1p3's service for the bench's link."""
    claim: Any = bench.lms.claims(bench.student, bench.link)[AGS_ENDPOINT]
    return AssignmentsGradesService(connector(bench, http), claim)


def roster(bench: Bench, http: Recording | None = None) -> NamesRolesProvisioningService:
    """Return PyLTI1p3's service for the bench's course."""
    return NamesRolesProvisioningService(connector(bench, http), {"context_memberships_url": memberships(bench)})


def memberships(bench: Bench) -> str:
    claim: Any = bench.lms.claims(bench.student, bench.link)[NRPS_SERVICE]
    return str(claim["context_memberships_url"])


def client(bench: Bench) -> ServiceClient:
    with unscoped(Unscoped.INSTALLATION) as session:
        return ServiceClient(session.get_one(Platform, bench.platform_id), [*AGS_SCOPES, MEMBERS_READ])


def score(bench: Bench, given: float = 50) -> Grade:
    grade = Grade().set_user_id(bench.student.id).set_score_given(given).set_score_maximum(100)
    grade.set_timestamp("2126-11-21T12:00:00Z")
    return grade.set_activity_progress("Completed").set_grading_progress("FullyGraded")


def test_tokens_are_fetched_for_each_connector(bench: Bench, installation: Installation) -> None:
    """And for each launch there is another connector: Canvas limits token requests."""
    for _launch in range(3):
        roster(bench).get_members()
    assert len(bench.calls("token")) == 3
    for _call in range(3):
        assert client(bench).call("GET", memberships(bench), accept=MEMBERS_TYPE).status == 200
    assert len(bench.calls("token")) == 4


def test_a_token_that_has_ended_is_used_for_ever(bench: Bench, installation: Installation) -> None:
    service = grades(bench)
    service.get_lineitems()
    bench.lms.tokens.revoke_all()
    for _again in range(2):
        with pytest.raises(LtiServiceException):
            service.get_lineitems()
    ours(installation, "AGS7")


def test_no_call_has_a_time_out(bench: Bench, installation: Installation) -> None:
    http = Recording()
    roster(bench, http).get_members()
    assert len(http.calls) == 2
    assert all("timeout" not in call for call in http.calls)
    bench.fail("nrps", Fault(hang_seconds=0.9))
    with installation.impatient(), pytest.raises(Exception, match="ReadTimeout") as error:
        client(bench).call("GET", memberships(bench), accept=MEMBERS_TYPE)
    assert type(error.value).__name__ == "OutboundTimeoutError"


def test_the_address_of_the_next_page_is_put_into_small_letters(bench: Bench) -> None:
    """Canvas's bookmarks are case-sensitive: the second page is then another one, or none."""
    link = f'<{memberships(bench)}?bookmark=AbCdEf>; rel="next"'
    bench.fail("nrps", Fault(link=link))
    _members, following = roster(bench).get_members_page()
    assert following is not None
    assert following.endswith("bookmark=abcdef")
    bench.fail("nrps", Fault(link=link))
    assert len(list(client(bench).pages(memberships(bench), accept=MEMBERS_TYPE))) == 2
    assert bench.calls("nrps")[-1].query == "bookmark=AbCdEf"


def test_pages_in_a_circle_are_read_for_ever(bench: Bench) -> None:
    claim: Any = bench.lms.claims(bench.student, bench.link)[AGS_ENDPOINT]
    bench.fail("lineitems", Fault(times=99, link=f'<{claim["lineitems"]}>; rel="next"'))
    with pytest.raises(RecursionError):
        grades(bench, Recording(most=30)).get_lineitems()
    bench.fail("nrps", Fault(times=99, link=f'<{memberships(bench)}>; rel="next"'))
    with pytest.raises(PagingError):
        read_roster(client(bench), memberships(bench), page_size=0, on_page=lambda _reading: None)
    assert len(bench.calls("nrps")) < 5


def test_results_are_read_from_the_first_page_only(bench: Bench) -> None:
    column = bench.lms.links.column(bench.link.id)
    assert column is not None
    for user in bench.lms.learners:
        bench.opened(bench.launch(user).reply)
        body = {"userId": user.id, "scoreGiven": 1.0, "scoreMaximum": 1.0, "timestamp": "2026-11-21T12:00:00Z"}
        body |= {"activityProgress": "Completed", "gradingProgress": "FullyGraded"}
        bench.lms.gradebook.score(column.id, read_score(body, zone_required=False))
    claim: Any = dict(bench.lms.claims(bench.student, bench.link)[AGS_ENDPOINT])  # type: ignore[arg-type]
    claim["lineitem"] += "&limit=2"
    assert len(AssignmentsGradesService(connector(bench), claim).get_grades()) == 2
    with tenant_session(bench.tenant_id, write=True) as session:
        link = session.scalars(select(ResourceLink)).one()
        link.line_item_url = claim["lineitem"]
        target = target_of(session, link)
    assert len(line_items.results(target)) == 3


def test_an_error_carries_what_the_platform_said_of_people(bench: Bench) -> None:
    """Moodle echoes the score; and 400, 429 and 500 are one class."""
    echoed = Fault(500, body='{"userId": "5", "name": "Maria"}')
    bench.fail("score", echoed)
    with pytest.raises(LtiServiceException, match="Maria"):
        grades(bench).put_grade(score(bench))
    bench.fail("score", Fault(500, body='{"userId": "5", "name": "Maria"}'))
    reply = bench.launch().reply
    bench.play(reply, 0.5)
    with tenant_session(bench.tenant_id) as session:
        row = session.scalars(select(DeliveryTry)).one()
        assert row.http_status == 500
        assert "Maria" not in str({name: value for name, value in vars(row).items() if name != "_sa_instance_state"})


def link_of(return_url: str, **more: Any) -> DeepLink:
    registration = Registration()
    registration.set_client_id("client").set_issuer(LMS)
    return DeepLink(registration, "1", {"deep_link_return_url": return_url, **more})


def test_the_deep_linking_answer_has_a_list_for_audience_and_null_for_data(bench: Bench) -> None:
    original = link_of("https://lms.example/back").get_message_jwt([])
    assert original["aud"] == [LMS]
    assert original[f"{DL}data"] is None
    right = answer_claims(pick(bench, bench.deep_link(**settings(data=None)(bench)).reply))
    assert right["aud"] == bench.lms.issuer
    assert f"{DL}data" not in right


def test_a_content_item_has_nulls_and_no_words(bench: Bench) -> None:
    """Blackboard refuses an item without url; nulls are not in the schema."""
    assert DeepLinkResource().to_dict() == {"type": "ltiResourceLink", "title": None, "url": None, "custom": {}}
    (item,) = answer_claims(pick(bench, bench.deep_link().reply))[f"{DL}content_items"]  # type: ignore[misc,union-attr]
    assert isinstance(item, dict)
    assert item["url"] == f"{TOOL}/lti/launch"
    assert None not in item.values()


def test_the_return_address_is_put_into_the_page_as_it_comes(bench: Bench) -> None:
    hostile = f'{bench.lms.config.url}/back?a="><script>alert(1)</script>'
    assert "<script>alert(1)</script>" in link_of(hostile).get_response_form_html("token")
    reply = pick(bench, bench.deep_link(**settings(deep_link_return_url=hostile)(bench)).reply)
    assert "<script>alert(1)" not in reply.text
    assert next(form for form in reply.forms() if "JWT" in form.fields).url == hostile


def test_the_login_breaks_an_address_that_has_a_query(installation: Installation) -> None:
    browser = Original()
    asked = browser.request({"iss": LMS, "login_hint": "5", "client_id": "client"})
    url = FlaskOIDCLogin(asked, browser.config).get_redirect_object(f"{TOOL}/lti/launch").get_redirect_url()
    assert "/auth?site=3?scope=openid" in url
    ours(installation, "X28-auth-query")


def test_the_cookie_is_not_kept_in_frames(bench: Bench) -> None:
    """Never Partitioned, and over http without SameSite."""
    answer = bench.installation.app.response_class()
    service = FlaskCookieService(Original().request({}))
    service.set_cookie("state", "state")
    service.update_response(answer)
    assert "SameSite" not in answer.headers["Set-Cookie"]
    assert "Partitioned" not in answer.headers["Set-Cookie"]
    given = drive.send(bench.client, "POST", f"{TOOL}/lti/login", bench.login_fields()).headers["Set-Cookie"]
    assert "SameSite=None" in given
    assert "Partitioned" in given


def test_hints_that_are_empty_are_dropped(installation: Installation) -> None:
    """An empty `lti_message_hint` is not echoed, as the specification demands (LTI 1.3 §4.1.1: passed unchanged)."""
    browser = Original()
    asked = browser.request({"iss": LMS, "login_hint": "5", "client_id": "client", "lti_message_hint": ""})
    url = FlaskOIDCLogin(asked, browser.config).get_redirect_object(f"{TOOL}/lti/launch").get_redirect_url()
    assert "lti_message_hint" not in url
    ours(installation, "X28-message-hint")
