"""A course is copied in the LMS for the next term: same content and settings, fresh attempts, the new columns only."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from structlog.testing import capture_logs

from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery import engine
from passback.lti.message import CONTEXT_HISTORY, ITEM, LINK_HISTORY
from passback.lti.models import Context, Deployment, Platform, ResourceLink
from passback.lti.notice_models import ContextOrigin, NoticeSubscription, ReceivedNotice
from passback.lti.notices import MAX_NOTICES
from passback.lti.services import ServiceClient
from passback.lti.subscribing import LONGEST_WAIT, TRIES, subscribe_due
from passback.sandbox import drive
from passback.sandbox.faults import Fault
from passback.sandbox.keys import new_key
from passback.sandbox.links import Column
from passback.sandbox.model import Course, Link, Role
from passback.sandbox.vocabulary import ALL_SCOPES, CONTEXT_COPY, HELLO_WORLD, LTI, NOTICE, ORIGIN_CONTEXTS
from passback.tenants import ensure_tenant
from passback.tracking.models import Placement, Registration
from tests.support.counted import counted
from tests.support.lti import TOOL, School, make_choice, make_school
from tests.support.play import Desk, page, score
from tests.support.practice import practice_lms

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HISTORIES = {CONTEXT_HISTORY: "$Context.id.history", LINK_HISTORY: "$ResourceLink.id.history"}


def a_school(app: Flask, product: str) -> Iterator[School]:
    with time_machine.travel(NOON, tick=False), practice_lms(app, product) as server:
        school = make_school(app, server.platform)
        school.tool = server.platform.tools.change(school.tool.id, scopes=list(ALL_SCOPES), custom=dict(HISTORIES))
        server.platform.notices.post = lambda url, body: posted(school, body, url=url)[0]
        yield school


@pytest.fixture
def school(app: Flask) -> Iterator[School]:
    """A school with Moodle at noon, on either database: no notices, no histories."""
    yield from a_school(app, "moodle")


@pytest.fixture
def canvas(sqlite_app: Flask) -> Iterator[School]:
    """A school with Canvas at noon: notices and histories."""
    yield from a_school(sqlite_app, "canvas")


def posted(school: School, body: bytes, *, url: str = f"{TOOL}/lti/notices") -> tuple[int, Any]:
    answer = school.app.test_client().post(url, data=body, content_type="application/json")
    return answer.status_code, answer.get_json()


def sent(school: School, *tokens: str) -> tuple[int, Any]:
    return posted(school, json.dumps({"notices": [{"jwt": token} for token in tokens]}).encode())


def play(school: School, link: Link, scaled: float, who: int = 0) -> None:
    school.launch(school.lms.learners[who], link, client=school.app.test_client())
    with tenant_session(school.tenant_id) as session:
        row = session.scalars(
            select(Registration)
            .join(ResourceLink, ResourceLink.placement_id == Registration.placement_id)
            .where(ResourceLink.link_id == link.id)
        ).one()
    desk = Desk(school.tenant_id, row.course_id, row.placement_id, row.id)
    desk.send(desk.open(), [page(1, 1, of=1), score(2, scaled)], leaving=True)
    engine.drain()


def shown(school: School, link: Link) -> dict[str, float | None]:
    column = school.lms.links.column(link.id)
    assert column
    return {one.user_id: one.score for one in school.lms.gradebook.results(column.id)}


def copied(school: School, *, learners: int = 1) -> tuple[Course, Link]:
    """Copy the course, enrol learners in the copy, and return it with its first link."""
    copy = school.lms.notices.copy_course(school.lms.course.id, "Next term")
    with school.lms.core.change() as state:
        for user in school.lms.learners[:learners]:
            state.courses[copy.id].members[user.id] = Role.LEARNER
    return copy, school.lms.links.of_course(copy.id)[0]


def origins(school: School) -> dict[str, list[str]]:
    with tenant_session(school.tenant_id) as session:
        rows = session.execute(
            select(Context.context_id, ContextOrigin.origin).join(ContextOrigin, ContextOrigin.context_id == Context.id)
        ).all()
    found: dict[str, list[str]] = {}
    for context, origin in rows:
        found.setdefault(context, []).append(origin)
    return found


def make_exam(school: School) -> Link:
    """Place the course with settings of its own, before everything else in the course."""
    _course, choice = make_choice(
        school.tenant_id, "Exam", counts="pass", pass_mark=0.6, which_attempt="last", max_attempts=2, points=10.0
    )
    return school.lms.links.add(
        school.lms.course.id, school.tool.id, "Exam", custom={ITEM: str(choice)}, column=Column(10.0)
    )


def test_a_moodle_course_is_copied_with_content_and_settings_and_without_attempts(school: School) -> None:
    """Moodle says nothing of the origin: the choice's id in the custom parameters is all there is, and enough."""
    exam = make_exam(school)
    play(school, exam, 0.9)
    before = shown(school, exam)
    assert before == {school.learner.id: 10.0}
    copy, _first = copied(school)
    again = school.lms.links.of_course(copy.id)[-1]
    with tenant_session(school.tenant_id) as session:
        old = session.scalars(select(Placement)).one()
    play(school, again, 0.2)
    with tenant_session(school.tenant_id) as session:
        new = session.scalars(select(Placement).where(Placement.id != old.id)).one()
        attempts = {row.placement_id: row.attempts for row in session.scalars(select(Registration))}
    same = ("course_id", "counts", "pass_mark", "which_attempt", "max_attempts", "points", "title")
    assert [getattr(new, name) for name in same] == [getattr(old, name) for name in same]
    assert attempts == {old.id: 1, new.id: 1}
    assert shown(school, exam) == before, "the old course is as it was"
    assert shown(school, again) == {school.learner.id: 0.0}, "failed, in the new column"
    assert origins(school) == {}


def test_a_copy_of_a_copy_and_a_later_change_of_the_first_do_not_touch_one_another(school: School) -> None:
    play(school, school.link, 0.8)
    first, link = copied(school)
    play(school, link, 0.5)
    with time_machine.travel(NOON + timedelta(minutes=1), tick=False):
        second = school.lms.links.copy_course(first.id, "Term after")
        with school.lms.core.change() as state:
            state.courses[second.id].members[school.learner.id] = Role.LEARNER
        third = school.lms.links.of_course(second.id)[0]
        play(school, third, 0.3)
    assert [shown(school, one) for one in (school.link, link, third)] == [
        {school.learner.id: 80.0},
        {school.learner.id: 50.0},
        {school.learner.id: 30.0},
    ]


def test_a_link_that_a_teacher_filled_inherits_its_content_where_the_lms_tells_of_histories(canvas: School) -> None:
    """An empty link that was filled here names no choice: its copy is found by `$ResourceLink.id.history`."""
    link = canvas.add_link("Filled here", column=Column(20.0))
    fill(canvas, link)
    play(canvas, link, 0.7)
    copy, _first = copied(canvas)
    again = canvas.lms.links.of_course(copy.id)[-1]
    assert not again.custom.get(ITEM)
    play(canvas, again, 0.4)
    assert (shown(canvas, link), shown(canvas, again)) == ({canvas.learner.id: 14.0}, {canvas.learner.id: 8.0})
    assert origins(canvas) == {copy.id: [canvas.lms.course.id]}


def fill(school: School, link: Link) -> None:
    picker = drive.follow(school.client, school.launch(school.lms.instructor, link).reply)
    fields = {"course": str(school.course_id), "counts": "score", "points": "20", "which_attempt": "best"}
    assert drive.send(school.client, "POST", picker.url, fields).status == 303


@pytest.mark.parametrize("history", ["nobody", "$ResourceLink.id.history", "", ",,,", "1,2,3" * 200])
def test_a_history_that_names_no_link_of_ours_gives_nothing(canvas: School, history: str) -> None:
    link = canvas.add_link("Empty", {LINK_HISTORY: history})
    custom = {LINK_HISTORY: history}
    assert "not set up yet" in canvas.launch(link=link, overrides={"custom": custom}).reply.text


def test_another_tenants_link_is_nobodys_origin(canvas: School) -> None:
    canvas.launch(client=canvas.app.test_client())
    second = canvas.lms.tools.deploy(canvas.tool.id)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        other = ensure_tenant(session, "other").id
        session.add(Deployment(platform_id=canvas.platform_id, deployment_id=second, tenant_id=other))
    custom = {LINK_HISTORY: canvas.link.id}
    reply = canvas.launch(overrides={"custom": custom, "deployment_id": second, "resource_link": {"id": "new"}}).reply
    assert "not set up yet" in reply.text


def test_the_teachers_page_says_where_a_course_comes_from(canvas: School) -> None:
    canvas.launch(canvas.lms.instructor)
    copy, link = copied(canvas)
    page_ = drive.follow(canvas.client, canvas.launch(canvas.lms.instructor, link).reply)
    assert f"Copied from: {canvas.lms.course.title}".replace("&", "&amp;") in page_.text
    assert origins(canvas) == {copy.id: [canvas.lms.course.id]}


def test_a_course_of_the_same_id_in_another_lms_is_no_origin(canvas: School) -> None:
    """Moodle counts its courses from 1: two of them at one institution have most ids in common."""
    copy, link = copied(canvas)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        same = session.get_one(Platform, canvas.platform_id)
        addresses = {name: getattr(same, name) for name in ("issuer", "auth_login_url", "token_url", "jwks_url")}
        other = Platform(client_id="another", **addresses)
        session.add(other)
        session.flush()
        deployment = Deployment(platform_id=other.id, deployment_id="1", tenant_id=canvas.tenant_id)
        session.add(deployment)
        session.flush()
        deployment_id = deployment.id
    with tenant_session(canvas.tenant_id, write=True) as session:
        session.add(Context(deployment_id=deployment_id, context_id=canvas.lms.course.id, title="Foreign"))
    page_ = drive.follow(canvas.client, canvas.launch(canvas.lms.instructor, link).reply)
    assert "Copied from" in page_.text
    assert "Foreign" not in page_.text
    assert origins(canvas) == {copy.id: [canvas.lms.course.id]}


# --- Notices ---------------------------------------------------------------------------------------------------------


def subscription(school: School) -> NoticeSubscription:
    with tenant_session(school.tenant_id) as session:
        return session.scalars(select(NoticeSubscription)).one()


def subscribed(school: School) -> None:
    school.launch(school.lms.instructor, client=school.app.test_client())
    subscribe_due()


def test_the_first_teacher_brings_the_subscription_and_a_hello_comes_back(canvas: School) -> None:
    canvas.launch(client=canvas.app.test_client())
    with tenant_session(canvas.tenant_id) as session:
        assert session.scalars(select(NoticeSubscription)).all() == [], "a learner's launch is kept short"
    subscribed(canvas)
    row = subscription(canvas)
    assert (row.state, row.due_at, row.error, row.heard_at) == ("subscribed", None, "", NOON)
    handlers = canvas.lms.tools.get(canvas.tool.id).notice_handlers  # type: ignore[union-attr]
    assert handlers == dict.fromkeys((HELLO_WORLD, CONTEXT_COPY), f"{TOOL}/lti/notices")
    calls = len(canvas.lms.log.of("notices"))
    subscribed(canvas)
    assert len(canvas.lms.log.of("notices")) == calls, "once is enough"


def test_a_moodle_has_no_notices_and_nothing_is_asked(school: School) -> None:
    subscribed(school)
    with tenant_session(school.tenant_id) as session:
        assert session.scalars(select(NoticeSubscription)).all() == []


def test_a_copy_is_known_before_anybody_launches_there(canvas: School) -> None:
    subscribed(canvas)
    copy = canvas.lms.notices.copy_course(canvas.lms.course.id, "Next term")
    assert origins(canvas) == {copy.id: [canvas.lms.course.id]}
    with tenant_session(canvas.tenant_id) as session:
        titles = {one.context_id: one.title for one in session.scalars(select(Context))}
        assert session.scalars(select(Registration)).all() == []
    assert titles[copy.id] == "Next term"


@pytest.mark.parametrize("fault", [Fault(500), Fault(403), Fault.html(), Fault(401)])
def test_a_platform_that_does_not_take_the_address_is_asked_again_and_not_for_ever(
    canvas: School, fault: Fault
) -> None:
    for _call in range(40):
        canvas.lms.faults.add("notices", fault)
    canvas.launch(canvas.lms.instructor)
    with capture_logs() as logged:
        for number in range(TRIES + 2):
            with time_machine.travel(NOON + (LONGEST_WAIT + timedelta(hours=1)) * number, tick=False):
                subscribe_due()
    row = subscription(canvas)
    assert (row.state, row.tries, row.due_at) == ("failed", TRIES, None)
    assert row.error == "notice_handlers"
    assert len([one for one in logged if one["event"] == "lti.notices_not_subscribed"]) == TRIES
    canvas.lms.faults.clear()


def test_a_fault_of_ours_with_one_platform_keeps_no_other_from_being_asked(
    canvas: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    canvas.launch(canvas.lms.instructor)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        deployment = Deployment(platform_id=canvas.platform_id, deployment_id="first", tenant_id=canvas.tenant_id)
        session.add(deployment)
        session.flush()
        deployment_id = deployment.id
    with tenant_session(canvas.tenant_id, write=True) as session:
        before = NOON - timedelta(hours=1)
        broken = NoticeSubscription(deployment_id=deployment_id, url="broken", wanted=[HELLO_WORLD], due_at=before)
        session.add(broken)
    call = ServiceClient.call

    def faulty(client: ServiceClient, method: str, url: str, **how: Any) -> Any:
        if url == "broken":
            raise RuntimeError("a fault of ours")
        return call(client, method, url, **how)

    monkeypatch.setattr(ServiceClient, "call", faulty)
    subscribe_due()
    with tenant_session(canvas.tenant_id) as session:
        rows = session.scalars(select(NoticeSubscription).order_by(NoticeSubscription.due_at.is_(None))).all()
    assert [row.state for row in rows] == ["due", "subscribed"]


def test_a_batch_is_taken_and_each_notice_once(canvas: School) -> None:
    subscribed(canvas)
    lms, copy = canvas.lms, canvas.lms.links.copy_course(canvas.lms.course.id, "Next term")
    hello, told = lms.notices.token(canvas.tool, HELLO_WORLD), lms.notices.copy_token(canvas.tool, copy, ["1", "2"])
    assert sent(canvas, hello, told) == (200, {"accepted": 2, "repeated": 0, "refused": []})
    before = counted()
    assert sent(canvas, told, hello) == (200, {"accepted": 0, "repeated": 2, "refused": []})
    assert counted() == before
    assert origins(canvas) == {copy.id: ["1", "2"]}


def test_the_same_notice_signed_anew_is_taken_once(canvas: School) -> None:
    notice = {NOTICE: {"id": "the same", "type": CONTEXT_COPY}, LTI + "context": {"id": "c"}, ORIGIN_CONTEXTS: ["o"]}
    canvas.launch(canvas.lms.instructor)
    for accepted in (1, 0):
        token = canvas.lms.notices.token(canvas.tool, CONTEXT_COPY, notice)  # type: ignore[arg-type]
        assert sent(canvas, token)[1]["accepted"] == accepted


@pytest.mark.parametrize(
    ("claims", "word"),
    [
        ({"iss": "https://elsewhere.example"}, "notice_sender"),
        ({"aud": "another"}, "notice_sender"),
        ({"aud": None}, "notice_sender"),
        ({"azp": "another"}, "token_azp"),
        ({LTI + "deployment_id": "unknown"}, "notice_sender"),
        ({LTI + "deployment_id": None}, "deployment_missing"),
        ({"exp": 1}, "token_expired"),
        ({"exp": None}, "token_times_missing"),
        ({"iat": None}, "token_times_missing"),
        ({"iat": 4_000_000_000, "exp": 4_000_003_600}, "token_from_the_future"),
        ({"nonce": None}, "token_nonce"),
        ({"nonce": ""}, "token_nonce"),
        ({"nonce": 7}, "token_nonce"),
        ({LTI + "version": "1.1"}, "message_version"),
        ({NOTICE: None}, "notice_shape"),
        ({NOTICE: {"id": "x"}}, "notice_shape"),
        ({NOTICE: {"type": CONTEXT_COPY}}, "notice_shape"),
        ({LTI + "context": None}, "notice_shape"),
        ({LTI + "context": {"id": 7}}, "notice_shape"),
    ],
)
def test_a_notice_is_verified_as_strictly_as_a_launch(canvas: School, claims: dict[str, Any], word: str) -> None:
    canvas.launch(canvas.lms.instructor)
    before = counted()
    whole = {LTI + "context": {"id": "copy"}, ORIGIN_CONTEXTS: ["1"], **claims}
    status, said = sent(canvas, canvas.lms.notices.token(canvas.tool, CONTEXT_COPY, whole))
    assert (status, said["refused"]) == (400, [word])
    assert counted() == before


@pytest.mark.parametrize(
    ("signing", "word"),
    [
        ({"key": new_key("other")}, "token_key_unknown"),
        ({"header": {"kid": None}}, "token_no_kid"),
        ({"header": {"alg": "none"}}, "token_algorithm"),
        ({"key": b"x" * 64, "header": {"alg": "HS256"}}, "token_algorithm"),
    ],
)
def test_what_the_platform_did_not_sign_is_refused(canvas: School, signing: dict[str, Any], word: str) -> None:
    canvas.launch(canvas.lms.instructor)
    before = counted()
    token = canvas.lms.notices.token(canvas.tool, HELLO_WORLD, **signing)
    assert sent(canvas, token)[1]["refused"] == [word]
    assert counted() == before


def test_a_bad_notice_does_not_keep_the_good_ones_from_their_effect(canvas: School) -> None:
    canvas.launch(canvas.lms.instructor)
    copy = canvas.lms.links.copy_course(canvas.lms.course.id, "Next term")
    good = canvas.lms.notices.copy_token(canvas.tool, copy, [canvas.lms.course.id])
    status, said = sent(canvas, "no.jwt.atall", good)
    assert (status, said) == (400, {"accepted": 1, "repeated": 0, "refused": ["token_malformed"]})
    assert origins(canvas) == {copy.id: [canvas.lms.course.id]}


def test_a_platform_that_is_switched_off_is_not_heard(canvas: School) -> None:
    canvas.launch(canvas.lms.instructor)
    canvas.change_platform(status="disabled")
    assert sent(canvas, canvas.lms.notices.token(canvas.tool, HELLO_WORLD))[1]["refused"] == ["notice_sender"]


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"x", b"[]", b"{}", b'{"notices": []}', b'{"notices": {}}', b'{"notices": [{}]}', b'{"notices": ["x"]}'),
        json.dumps({"notices": [{"jwt": "x"}] * (MAX_NOTICES + 1)}).encode(),
        b"[" * 100_000,
    ],
)
def test_what_is_no_batch_is_refused_as_such(sqlite_app: Flask, body: bytes) -> None:
    answer = sqlite_app.test_client().post(f"{TOOL}/lti/notices", data=body)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "notices_malformed")


def test_more_than_a_batch_is_not_even_read(sqlite_app: Flask) -> None:
    answer = sqlite_app.test_client().post(f"{TOOL}/lti/notices", data=b"x" * (5 * 1024 * 1024))
    assert answer.status_code in {400, 413}
    with unscoped(Unscoped.INSTALLATION) as session:
        assert session.scalars(select(ReceivedNotice)).all() == []


def test_another_tenants_deployment_gets_its_own_notices(canvas: School) -> None:
    canvas.launch(canvas.lms.instructor)
    second = canvas.lms.tools.deploy(canvas.tool.id)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        other: UUID = ensure_tenant(session, "other").id
        session.add(Deployment(platform_id=canvas.platform_id, deployment_id=second, tenant_id=other))
    claims = {LTI + "deployment_id": second, LTI + "context": {"id": "theirs"}, ORIGIN_CONTEXTS: ["1"]}
    assert sent(canvas, canvas.lms.notices.token(canvas.tool, CONTEXT_COPY, claims))[0] == 200  # type: ignore[arg-type]
    assert origins(canvas) == {}
    with tenant_session(other) as session:
        assert session.scalars(select(ContextOrigin.origin)).all() == ["1"]
