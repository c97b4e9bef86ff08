"""The browser without a window, against a tool that shows what reaches it."""

from urllib.parse import urlencode

import pytest
from flask import Flask, jsonify, redirect, request
from markupsafe import escape
from werkzeug.wrappers import Response

from passback.sandbox import drive
from passback.sandbox.drive import LaunchStoppedError
from passback.sandbox.keys import sign
from tests.unit.sandbox.conftest import TOOL, Lms
from tests.unit.sandbox.test_deep_linking import ITEM, answer


def tool(lms: Lms, way: str = "redirect") -> Flask:
    """Return a tool whose login goes on in one of several ways."""
    app = Flask(way)
    auth = lms.platform.auth_url

    @app.route("/lti/login", methods=["GET", "POST"])
    def _login() -> str | Response:
        asked = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "client_id": request.values["client_id"],
            "redirect_uri": f"{TOOL}/lti/launch",
            "login_hint": request.values["login_hint"],
            "lti_message_hint": request.values["lti_message_hint"],
            "state": "st",
            "nonce": "no",
        }
        match way:
            case "redirect":
                return redirect(f"{auth}?{urlencode(asked)}")
            case "two redirects" if "again" not in request.args:
                return redirect(f"/lti/login?{urlencode(dict(request.values) | {'again': '1'})}")
            case "two redirects":
                return redirect(f"{auth}?{urlencode(asked)}", 303)
            case "form":
                fields = "".join(f'<input name="{name}" value="{escape(value)}">' for name, value in asked.items())
                return f'<form method="post" action="{auth}">{fields}</form>'
            case "script":
                return f"<div data-next='{auth}?{urlencode(asked).replace('&', '&amp;')}'></div>"
        return "<p>no way on</p>"

    @app.post("/lti/launch")
    def _launch() -> Response:
        return jsonify(dict(request.form))

    return app


@pytest.mark.parametrize("way", ["redirect", "two redirects", "form", "script"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_it_finds_the_way_through_the_tools_login(lms: Lms, way: str, method: str) -> None:
    trip = drive.launch(
        tool(lms, way).test_client(), lms.platform, lms.platform.learners[1], lms.link, login_method=method
    )
    assert (trip.reply.status, trip.asked["nonce"], trip.form.fields["state"]) == (200, "no", "st")
    assert trip.form.fields["id_token"] in trip.reply.text


def test_a_login_that_leads_nowhere_says_what_it_answered(lms: Lms) -> None:
    with pytest.raises(LaunchStoppedError, match="no way on"):
        drive.launch(tool(lms, "nowhere").test_client(), lms.platform, lms.platform.learners[1], lms.link)


def test_what_reaches_the_tool_can_be_broken(lms: Lms) -> None:
    client, learner = tool(lms).test_client(), lms.platform.learners[0]
    normal = drive.launch(client, lms.platform, learner, lms.link)
    broken = drive.launch(
        client, lms.platform, learner, lms.link, remove=["exp"], change_form=lambda form: {**form, "state": "x"}
    )
    assert broken.reply.raw.json["state"] == "x"
    assert broken.reply.raw.json["id_token"].partition(".")[2] != normal.reply.raw.json["id_token"].partition(".")[2]
    visitor = drive.launch(client, lms.platform, None, lms.link)
    assert visitor.reply.status == 200


def test_a_pickers_answer_goes_back_and_is_saved(lms: Lms) -> None:
    app = tool(lms)

    @app.get("/answer")
    def _answer() -> str:
        data = list(lms.platform.deep_linking.open)[-1]
        expected = lms.platform.deep_linking.open[data]
        token = sign(answer(lms, data, (ITEM,)), lms.key)
        url = lms.platform.core.url("/lti/deep-linking/return", tool=lms.tool.id, sesskey=expected.session)
        return f'<form method="post" action="{url}"><input type="hidden" name="JWT" value="{token}"></form>'

    client = app.test_client()
    trip = drive.launch(client, lms.platform, lms.platform.instructor)
    assert "id_token" in trip.form.fields
    (link,) = drive.answer_picker(lms.platform, drive.send(client, "GET", f"{TOOL}/answer"))
    assert link.title == "Wasps"


def test_the_lms_reads_the_keys_of_a_tool_in_this_process(lms: Lms) -> None:
    serving = Flask("keys")
    serving.get("/lti/jwks")(lambda: jsonify(keys=[lms.key.as_dict(private=False)]))
    lms.platform.tool_keys.fetch = drive.fetch_from(serving)
    assert lms.ask_token().status_code == 200


def test_a_page_that_says_404_is_no_key_set_whatever_it_holds(lms: Lms) -> None:
    serving = Flask("no keys")
    serving.errorhandler(404)(lambda _error: (jsonify(keys=[lms.key.as_dict(private=False)]), 404))
    lms.platform.tool_keys.fetch = drive.fetch_from(serving)
    assert lms.ask_token().status_code == 400
