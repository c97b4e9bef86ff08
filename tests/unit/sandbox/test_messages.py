"""The practice LMS's messages beyond the launch: personal data, copied courses, notices."""

from collections.abc import Callable

import pytest

from passback.sandbox.model import Role
from passback.sandbox.vocabulary import ALL_SCOPES, CONTEXT_COPY, LTI, NOTICE_HANDLERS
from tests.unit.sandbox.conftest import LMS, Lms
from tests.unit.sandbox.test_launches import form_of, sign_in
from tests.unit.sandbox.test_pages import post


@pytest.fixture
def canvas(make_lms: Callable[..., Lms]) -> Lms:
    """Canvas, with a tool that may ask for notices."""
    lms = make_lms("canvas")
    lms.tool = lms.platform.tools.change(lms.tool.id, scopes=list(ALL_SCOPES))
    return lms


def test_personal_data_is_for_administrators(lms: Lms) -> None:
    for who, status in (("2", 404), ("3", 404), ("1", 200)):
        assert sign_in(lms, who).get(f"{LMS}/privacy/{lms.tool.id}?user=3").status_code == status
    assert lms.client.get(f"{LMS}/privacy/{lms.tool.id}").status_code == 404
    start = form_of(sign_in(lms, "1").get(f"{LMS}/privacy/{lms.tool.id}?user=3").text)
    assert start.fields["login_hint"] == "1"


def test_a_privacy_message_is_of_no_course(lms: Lms) -> None:
    claims = lms.platform.claims(lms.platform.user("1"), message_type="DataPrivacyLaunchRequest", for_user="3")
    assert claims[LTI + "for_user"] == {"user_id": "3", "name": lms.platform.user("3").name}
    assert not {LTI + "context", LTI + "resource_link"} & set(claims)
    assert not [name for name in claims if "lti-ags" in name or "lti-nrps" in name]
    assert claims[LTI + "roles"] == ["http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator"]


def test_a_copied_course_has_the_links_and_columns_and_no_learners(lms: Lms) -> None:
    course = lms.platform.course
    assert post(sign_in(lms, "3"), f"/course/{course.id}/copy", title="Mine") == 403
    assert post(sign_in(lms, "2"), f"/course/{course.id}/copy", title="Next term") == 302
    with lms.platform.core.read() as state:
        copy = next(one for one in state.courses.values() if one.title == "Next term")
    (link,) = lms.platform.links.of_course(copy.id)
    column = lms.platform.links.column(link.id)
    assert column is not None
    assert (link.copied_from, copy.copied_from) == ([lms.link.id], [course.id])
    assert (link.custom, column.course_id, column.link_id) == (lms.link.custom, copy.id, link.id)
    assert Role.LEARNER not in copy.members.values()
    assert lms.platform.gradebook.results(column.id) == []


def handlers(lms: Lms, **body: object) -> int:
    url = f"{LMS}/lti/notice-handlers/{lms.tool.id}"
    headers = {"Authorization": f"Bearer {lms.token(NOTICE_HANDLERS)}", "Content-Type": "application/json"}
    return lms.call("PUT", url, body=body, headers=headers).status_code


def test_notices_go_to_the_tools_own_address_only(canvas: Lms) -> None:
    own = f"https://{canvas.tool.domain}/lti/notices"
    assert handlers(canvas, notice_type=CONTEXT_COPY, handler="https://elsewhere.example/") == 400
    assert handlers(canvas, notice_type="LtiSomethingNotice", handler=own) == 400
    assert handlers(canvas, notice_type=CONTEXT_COPY, handler=own) == 200
    assert canvas.platform.tools.get(canvas.tool.id).notice_handlers == {CONTEXT_COPY: own}  # type: ignore[union-attr]
    assert handlers(canvas, notice_type=CONTEXT_COPY, handler="") == 200
    assert canvas.platform.tools.get(canvas.tool.id).notice_handlers == {}  # type: ignore[union-attr]


def test_a_copy_is_told_once_to_who_asked(canvas: Lms) -> None:
    told: list[tuple[str, bytes]] = []
    canvas.platform.notices.post = lambda url, body: told.append((url, body)) or 200  # type: ignore[func-returns-value]
    canvas.platform.notices.copy_course(canvas.platform.course.id, "Untold")
    assert told == []
    own = f"https://{canvas.tool.domain}/lti/notices"
    assert handlers(canvas, notice_type=CONTEXT_COPY, handler=own) == 200
    canvas.platform.notices.copy_course(canvas.platform.course.id, "Told")
    assert [url for url, _body in told] == [own]


def test_moodle_has_no_such_service(lms: Lms) -> None:
    lms.tool = lms.platform.tools.change(lms.tool.id, scopes=list(ALL_SCOPES))
    assert handlers(lms, notice_type=CONTEXT_COPY, handler=f"https://{lms.tool.domain}/x") == 404
    claims = lms.platform.claims(lms.platform.learners[0], lms.link)
    assert LTI + "platformnotificationservice" not in claims
