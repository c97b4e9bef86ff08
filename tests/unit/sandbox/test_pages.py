"""The pages: who may do what, and that the awkward names and titles come out as text."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from passback.sandbox.keys import sign
from passback.sandbox.links import Column
from tests.unit.sandbox.conftest import LMS, TOOL, Lms
from tests.unit.sandbox.test_deep_linking import ITEM, answer
from tests.unit.sandbox.test_launches import form_of, sign_in


def post(client: FlaskClient, path: str, **form: str) -> int:
    with client.session_transaction(base_url=LMS) as session:
        key = session["sesskey"]
    return client.post(f"{LMS}{path}", data={"sesskey": key, **form}).status_code


@pytest.mark.parametrize("path", ["/", "/course/2", "/course/2/grades", "/tools", "/faults", "/course/2/grades.json"])
def test_pages_send_strangers_to_the_sign_in(lms: Lms, path: str) -> None:
    answer = lms.client.get(f"{LMS}{path}")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in?next=")


def test_the_sign_in_goes_to_this_site_only(lms: Lms) -> None:
    for target in ("https://evil.test/", "//evil.test", "/\\evil.test"):
        moved = lms.client.post(f"{LMS}/sign-in", data={"user": "3", "next": target})
        assert moved.headers["Location"] == "/"


@pytest.mark.parametrize(
    "path", ["/course/2", "/course/2/add", "/link/{}/edit", "/tools", "/faults", "/course/2/grades"]
)
def test_every_page_of_staff_shows(lms: Lms, path: str) -> None:
    page = sign_in(lms, "2").get(f"{LMS}{path.format(lms.link.id)}")
    assert page.status_code == 200
    assert "<h1>" in page.text


@pytest.mark.parametrize(
    "path", ["/course/2/add", "/link/{}/edit", "/link/{}/delete", "/link/{}/duplicate", "/course/2/grades"]
)
def test_learners_arrange_nothing(lms: Lms, path: str) -> None:
    client = sign_in(lms, "3")
    assert post(client, path.format(lms.link.id), title="x", tool=lms.tool.id, column=lms.column, learner="3") == 403
    assert lms.platform.links.of_course("2") == [lms.link]
    assert post(sign_in(lms, "2", as_learner="1"), f"/link/{lms.link.id}/delete") == 403


def test_forms_of_another_session_are_refused(lms: Lms) -> None:
    client = sign_in(lms, "2")
    assert client.post(f"{LMS}/link/{lms.link.id}/delete", data={"sesskey": "guess"}).status_code == 403
    assert client.post(f"{LMS}/link/{lms.link.id}/delete").status_code == 403


def test_a_link_by_hand_needs_neither_url_nor_content_nor_an_active_tool(lms: Lms) -> None:
    lms.platform.tools.change(lms.tool.id, active=False)
    client = sign_in(lms, "2")
    form = {"tool": lms.tool.id, "title": "By hand <b>", "custom": "a=1\nnonsense\nb = x=y", "points": "20"}
    assert post(client, "/course/2/add", **form, container="window") == 302
    link = lms.platform.links.of_course("2")[-1]
    assert (link.url, link.custom, link.container) == ("", {"a": "1", "b": "x=y"}, "window")
    column = lms.platform.links.column(link.id)
    assert column is not None
    assert column.score_maximum == 20
    assert "By hand &lt;b&gt;" in client.get(f"{LMS}/course/2").text
    assert post(client, f"/link/{link.id}/edit", title="Now", points="") == 302
    assert lms.platform.links.column(link.id) is None
    assert post(client, f"/link/{link.id}/edit", points="many") == 400


def test_editing_keeps_what_the_form_does_not_show(lms: Lms) -> None:
    assert post(sign_in(lms, "2"), f"/link/{lms.link.id}/edit", title="Bees", points="50") == 302
    column = lms.platform.links.column(lms.link.id)
    assert column is not None
    assert (column.score_maximum, column.resource_id, column.tag) == (50, "bees", "final")


def test_the_picker_comes_back_through_the_browser_and_is_saved_by_hand(lms: Lms) -> None:
    client = sign_in(lms, "2")
    assert form_of(client.get(f"{LMS}/course/2/pick/{lms.tool.id}/start").text).url == f"{TOOL}/lti/login"
    data = list(lms.platform.deep_linking.open)[-1]
    token = sign(answer(lms, data, ({**ITEM, "title": "A <picked> one"},)), lms.key)
    with client.session_transaction(base_url=LMS) as session:
        back = f"{LMS}/lti/deep-linking/return?course=2&tool={lms.tool.id}&sesskey={session['sesskey']}"
    again = form_of(lms.client.post(back, data={"JWT": token}).text)  # a post from another site has no cookie
    assert again.fields == {"JWT": token, "repost": "true"}
    assert again.url == back
    assert client.post(back.replace("sesskey=", "sesskey=x"), data=again.fields).status_code == 400
    page = client.post(back, data=again.fields).text
    chosen = re.search(r"/chosen/[\w-]+", page)
    assert chosen is not None
    assert "A &lt;picked&gt; one" in client.get(f"{LMS}{chosen[0]}").text
    assert len(lms.platform.links.of_course("2")) == 1
    assert post(client, chosen[0]) == 302
    assert lms.platform.links.of_course("2")[-1].title == "A <picked> one"


def test_a_refused_picker_says_why(lms: Lms) -> None:
    client = sign_in(lms, "2")
    with client.session_transaction(base_url=LMS) as session:
        back = f"{LMS}/lti/deep-linking/return?course=2&tool={lms.tool.id}&sesskey={session['sesskey']}"
    refused = client.post(back, data={"JWT": "nonsense"})
    assert refused.status_code == 400
    assert "this is no JWT" in refused.text


def test_the_gradebook_shows_points_comments_and_times_as_text(lms: Lms) -> None:
    lms.score("4", 8, comment="<script>alert(1)</script>")
    page = sign_in(lms, "2").get(f"{LMS}/course/2/grades").text
    assert "80 / 100" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "&lt;Søn&gt;" in page
    live = sign_in(lms, "2").get(f"{LMS}/course/2/grades.json").json
    assert live is not None
    cell = live["cells"][f"{lms.column}-4"]
    assert (cell["points"], cell["comment"]) == ("80 / 100", "<script>alert(1)</script>")
    assert cell["at"].startswith("20")
    assert cell["note"] == "Completed, FullyGraded"


def test_the_shape_changes_with_rows_and_columns_only(lms: Lms) -> None:
    client = sign_in(lms, "2")

    def shape() -> str:
        return str(client.get(f"{LMS}/course/2/grades.json").json["shape"])  # type: ignore[index]

    first = shape()
    lms.score("3", 8)
    assert shape() == first
    lms.platform.links.add("2", lms.tool.id, "Another", column=Column())
    assert shape() != first


def test_learners_see_their_own_grades_only(lms: Lms) -> None:
    lms.score("3", 8)
    lms.score("4", 9)
    live = sign_in(lms, "3").get(f"{LMS}/course/2/grades.json").json
    assert live is not None
    assert list(live["cells"]) == [f"{lms.column}-3"]
    assert "your grade: <strong>80</strong>" in sign_in(lms, "3").get(f"{LMS}/course/2").text


def test_a_grade_by_hand_and_back_to_the_tool(lms: Lms) -> None:
    client = sign_in(lms, "2")
    assert post(client, "/course/2/grades", column=lms.column, learner="3", score="55", comment="orally") == 302
    assert "changed by hand" in client.get(f"{LMS}/course/2/grades").text
    assert lms.shown("3") == 55
    assert post(client, "/course/2/grades", column=lms.column, learner="3", score="much") == 400
    assert post(client, "/course/2/grades", column="nothing", learner="3", score="1") == 404
    assert post(client, "/course/2/grades", column=lms.column, learner="3", release="1") == 302
    result = lms.platform.gradebook.result(lms.column, "3")
    assert result is not None
    assert not result.overridden


def test_only_the_administrator_registers_activates_and_removes_tools(lms: Lms) -> None:
    teacher, administrator = sign_in(lms, "2"), sign_in(lms, "1")
    assert post(teacher, "/tools/register", url=f"{TOOL}/lti/register") == 403
    assert post(teacher, f"/tools/{lms.tool.id}/remove") == 403
    lms.platform.tools.change(lms.tool.id, active=False)
    assert "waits for activation" in teacher.get(f"{LMS}/course/2").text
    assert post(administrator, f"/tools/{lms.tool.id}/activate") == 302
    assert "Choose content in Passback" in teacher.get(f"{LMS}/course/2").text
    assert post(administrator, f"/tools/{lms.tool.id}/deploy") == 302
    assert post(administrator, f"/tools/{lms.tool.id}/method") == 302
    tool = lms.platform.tools.get(lms.tool.id)
    assert tool is not None
    assert (len(tool.deployments), tool.login_method) == (2, "GET")
    assert post(administrator, f"/tools/{lms.tool.id}/remove") == 302
    assert lms.platform.tools.all() == []
    assert lms.platform.links.of_course("2") == []


def test_registering_opens_the_tools_page_in_a_frame_and_asks_where_the_tool_is_known(lms: Lms) -> None:
    administrator = sign_in(lms, "1")
    with administrator.session_transaction(base_url=LMS) as session:
        form = {"sesskey": session["sesskey"], "url": f"{TOOL}/lti/register?invite=1"}
    asked = administrator.post(f"{LMS}/tools/register", data=form).text
    assert f'value="{lms.tool.id}"' in asked
    framed = administrator.post(f"{LMS}/tools/register", data={**form, "update": "new"}).text
    assert f'src="{TOOL}/lti/register?invite=1&amp;openid_configuration=' in framed
    assert f'data-origin="{TOOL}"' in framed
    for bad in ("javascript:alert(1)", "/lti/register", ""):
        assert administrator.post(f"{LMS}/tools/register", data={**form, "url": bad}).status_code == 400


def test_the_faults_page_does_what_the_api_does(lms: Lms) -> None:
    administrator = sign_in(lms, "1")
    assert post(sign_in(lms, "2"), "/faults", do="fault", area="score", kind="503") == 403
    assert post(administrator, "/faults", do="fault", area="score", kind="429", times="2") == 302
    ((area, fault),) = lms.platform.faults.pending()
    assert (area, fault.status, fault.times, fault.retry_after) == ("score", 429, 2, 30)
    assert post(administrator, "/faults", do="clock", seconds="-90") == 302
    assert lms.platform.clock.offset == timedelta(seconds=-90)
    kid = lms.platform.keys.current().kid
    assert post(administrator, "/faults", do="keys") == 302
    assert lms.platform.keys.current().kid != kid
    lms.token()
    assert post(administrator, "/faults", do="tokens") == 302
    assert lms.platform.tokens.given == {}
    assert post(administrator, "/faults", do="clear") == 302
    assert list(lms.platform.faults.pending()) == []
    assert post(administrator, "/faults", do="fault", area="nothing", kind="503") == 400
    assert "/lti/token" in administrator.get(f"{LMS}/faults").text


def test_the_cookie_is_none_and_secure_over_https_and_bare_over_http(lms: Lms, make_lms: type) -> None:
    plain = lms.client.post(f"{LMS}/sign-in", data={"user": "3"}).headers["Set-Cookie"]
    assert "SameSite" not in plain
    assert "HttpOnly" in plain
    over_tls = make_lms(url="https://lms.test")
    cookie = over_tls.client.post("https://lms.test/sign-in", data={"user": "3"}).headers["Set-Cookie"]
    assert "SameSite=None" in cookie
    assert "Secure" in cookie
