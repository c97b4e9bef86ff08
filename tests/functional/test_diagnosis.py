"""The self-test of a connected LMS: each line says what was found, whose side it is on and what to do next."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from passback.cli.platforms import platforms_group
from passback.clock import utc_now
from passback.db import Unscoped, unscoped
from passback.lti import clocks, diagnosis
from passback.lti.diagnosis_jobs import look_for_due
from passback.sandbox.drive import fetch_from
from passback.sandbox.faults import Fault
from passback.sandbox.keys import new_key
from passback.sandbox.server import SandboxServer
from tests.support.lti import School


@pytest.fixture(autouse=True)
def reachable(school: School) -> Iterator[None]:
    """Let the practice LMS fetch the key set of the tool in this process."""
    before, school.lms.tool_keys.fetch = school.lms.tool_keys.fetch, fetch_from(school.app)
    yield
    school.lms.tool_keys.fetch = before


def found(school: School) -> dict[str, Any]:
    """Test the school's LMS; return the lines by name."""
    return {str(check["name"]): check for check in diagnosis.diagnose(school.platform_id).checks}


def states(school: School) -> dict[str, str]:
    return {name: check["state"] for name, check in found(school).items()}


def test_before_the_first_launch(school: School) -> None:
    assert states(school) == {
        "registration": "ok",
        "discovery": "ok",
        "keys": "ok",
        "token": "ok",
        "clock": "ok",
        "launch clock": "waiting",
        "line items": "waiting",
        "roster": "waiting",
    }


def test_after_the_first_launch_of_a_teacher(school: School) -> None:
    school.launch(school.lms.instructor)
    assert set(states(school).values()) == {"ok"}


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client"])
def test_a_tool_that_waits_for_activation_is_no_failure(school: School, lms_server: SandboxServer, error: str) -> None:
    refusal = Fault(400, 9, body=json.dumps({"error": error}), content_type="application/json")
    lms_server.faults.add("token", refusal)
    line = found(school)["token"]
    assert line["state"] == "waiting"
    assert error in line["what"]
    assert "Activate the tool" in line["next"]


def test_a_token_that_is_refused_after_launches_is_a_failure(school: School, lms_server: SandboxServer) -> None:
    school.launch(school.lms.instructor)
    lms_server.faults.add("token", Fault(401, 9, body='{"error": "invalid_client"}', content_type="application/json"))
    line = found(school)["token"]
    assert (line["state"], line["side"]) == ("failed", "the LMS")


def test_scopes_of_which_the_lms_grants_some_only(school: School, lms_server: SandboxServer) -> None:
    """Sakai refuses the whole request for one scope that it has not allowed."""
    lms_server.faults.add("token", Fault(400, 1, body='{"error": "invalid_scope"}', content_type="application/json"))
    assert states(school)["token"] == "ok"


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (Fault(404), "failed"),
        (Fault.html(), "failed"),
        (Fault.malformed(), "failed"),
        (Fault.redirect("https://sign-in.example"), "failed"),
        (Fault(drop=True), "failed"),
        (Fault(200, body='{"keys": []}', content_type="application/json"), "failed"),
    ],
)
def test_keys_that_cannot_be_read(school: School, lms_server: SandboxServer, fault: Fault, state: str) -> None:
    lms_server.faults.add("jwks", fault)
    line = found(school)["keys"]
    assert (line["state"], line["side"]) == (state, "the LMS")
    assert line["next"]


def test_a_private_address_that_was_not_approved(school: School) -> None:
    school.change_platform(approved_hosts=[])
    line = found(school)["keys"]
    assert (line["state"], line["side"]) == ("failed", "Passback")


def test_nothing_is_asked_of_an_lms_that_waits_for_approval(school: School) -> None:
    school.change_platform(status="pending")
    before = len(school.lms.log.of("jwks"))
    assert states(school) == {"registration": "waiting"}
    assert len(school.lms.log.of("jwks")) == before


def test_services_that_fail(school: School, lms_server: SandboxServer) -> None:
    school.launch(school.lms.instructor)
    lms_server.faults.add("lineitems", Fault(403))
    lms_server.faults.add("nrps", Fault.html())
    lines = found(school)
    assert (lines["line items"]["state"], lines["roster"]["state"]) == ("failed", "failed")
    lms_server.faults.add("lineitems", Fault.rate_limit())
    lms_server.faults.add("nrps", Fault(503))
    lines = found(school)
    assert (lines["line items"]["state"], lines["roster"]["state"]) == ("warning", "warning")


def test_addresses_that_differ_from_what_the_lms_says(school: School) -> None:
    school.change_platform(auth_login_url="https://elsewhere.example/auth")
    line = found(school)["discovery"]
    assert line["state"] == "warning"
    assert "authorization_endpoint" in line["what"]


def test_an_lms_without_a_description_is_no_failure(school: School, lms_server: SandboxServer) -> None:
    lms_server.faults.add("discovery", Fault(404))
    assert states(school)["discovery"] == "skipped"


@pytest.mark.parametrize(("ahead", "state"), [(0, "ok"), (45, "warning"), (-45, "warning"), (120, "failed")])
def test_a_clock_that_differs(ahead: float, state: str) -> None:
    now = utc_now()
    date = (now + timedelta(seconds=ahead)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    measured = clocks.ahead_by_date(date, now)
    assert measured is not None
    assert clocks.judge(measured) == state
    assert abs(measured - ahead) <= 1


@pytest.mark.parametrize("date", ["", "soon", "Sat, 21 Nov 2026 09:01:00"])
def test_a_date_that_says_nothing(date: str) -> None:
    assert clocks.ahead_by_date(date, utc_now()) is None


def test_launches_that_are_refused_for_the_clock_move_the_meter(school: School) -> None:
    """The meter has to show why nobody gets in, so it also counts launches of which only the times were wrong."""
    school.lms.clock.offset = timedelta(seconds=120)
    try:
        assert school.launch(school.lms.instructor).reply.status == 403
        line = found(school)["launch clock"]
    finally:
        school.lms.clock.offset = timedelta(0)
    assert line["state"] == "failed"
    assert "launches (1)" in line["what"]
    assert line["seconds"] == pytest.approx(120, abs=15)
    assert "NTP" in line["next"]


def test_a_launch_that_the_lms_did_not_sign_moves_no_meter(school: School) -> None:
    forged = {"overrides": {"iat": 1}, "key": new_key("forged")}
    assert school.launch(school.lms.instructor, **forged).reply.status == 403
    with unscoped(Unscoped.INSTALLATION) as session:
        assert clocks.of_launches(session, school.platform_id) is None


def test_the_command_tells_programs_and_people(school: School) -> None:
    result = CliRunner().invoke(platforms_group, ["diagnose", str(school.platform_id), "--json"])
    told = json.loads(result.output.strip().splitlines()[-1])
    assert (result.exit_code, told["state"], told["platform"]) == (0, "waiting", str(school.platform_id))
    assert [check["name"] for check in told["checks"]][:3] == ["registration", "discovery", "keys"]
    text = CliRunner().invoke(platforms_group, ["diagnose", str(school.platform_id), "--last"]).output
    assert "✓ keys: " in text
    assert "Open a course that is placed in the LMS once" in text


def test_the_command_fails_where_a_check_does(school: School, lms_server: SandboxServer) -> None:
    lms_server.faults.add("jwks", Fault(404))
    result = CliRunner().invoke(platforms_group, ["diagnose", str(school.platform_id)])
    assert result.exit_code == 1
    assert "✗ keys: " in result.output
    assert "On the side of the LMS." in result.output


def test_an_lms_is_tested_after_it_was_saved_and_after_its_first_launch(school: School) -> None:
    def _done() -> list[bool]:
        with unscoped(Unscoped.INSTALLATION) as session:
            return [one.complete for one in diagnosis.diagnoses(session, school.platform_id)]

    look_for_due()
    look_for_due()
    assert _done() == [False], "once is enough"
    school.launch(school.lms.instructor)
    look_for_due()
    look_for_due()
    assert _done() == [True, False]
