"""ADL's SCORM 2004 4th Edition test cases against the sequencing engine and the server's run time: 188 of 188."""

import json

import pytest
from plugins.scorm.tests.conformance.adl.decoder import ROOT, case_names
from plugins.scorm.tests.conformance.adl.lms import Learner, Lms
from plugins.scorm.tests.conformance.adl.replay import replay

pytestmark = pytest.mark.skipif(not ROOT.exists(), reason=f"the shared test data has no {ROOT} (set PASSBACK_SHARED)")


@pytest.mark.parametrize("case", case_names())
def test_case(case: str) -> None:
    assert replay(case) == []


def test_the_state_of_the_largest_course_is_small() -> None:
    """43 activities, all of them played."""
    lms = Lms(Learner(), "T-01b")
    lms.open()
    for name in (one.id for one in lms.course.tree.in_order if not one.children):
        assert lms.model is not None
        lms.model.set("cmi.score.scaled", "0.123456")
        lms.model.set("cmi.progress_measure", "0.123456")
        lms.navigate("jump", name)
        assert lms.step.delivered == name
    assert len(json.dumps(lms.course.stored)) < 50_000
