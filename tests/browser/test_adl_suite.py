"""Test cases of ADL's SCORM 2004 suite in the real player: one of each family. `make conformance-browser` plays all."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from plugins.scorm.tests.conformance.adl.chromium import Suite, running_suite
from plugins.scorm.tests.conformance.adl.decoder import ROOT

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not ROOT.exists(), reason=f"the shared test data has no {ROOT} (set PASSBACK_SHARED)"),
]

CASES = {
    "API": "an asset, the API's states and errors",
    "CM-01": "hidden buttons, flow without choice",
    "CM-07a": "the menu's lines as sequencing closes them",
    "CM-09aa": "the learner's press goes before what content asks for while it leaves",
    "CM-09ca": "Exit suspends, the next launch resumes",
    "CO-02a": "completion shared between activities",
    "CT-01": "completion by measure",
    "MS-01": "roll-up of measures",
    "OB-03b": "objectives global to the system, from another course",
    "RU-01aa": "roll-up rules, exit and post-condition rules",
    "SX-02": "requests of content",
    "SX-04b": "abandon leaves nothing shown; the menu's root starts anew",
    "T-01a": "a course with pre-test and post-test",
}


@pytest.fixture(scope="module")
def suite(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """One tool for all cases; each has a learner of its own."""
    with running_suite(chromium, tmp_path_factory.mktemp("adl")) as running:
        yield running


@pytest.mark.parametrize("case", CASES)
def test_case(case: str, suite: Suite) -> None:
    assert suite.play(case) == []
