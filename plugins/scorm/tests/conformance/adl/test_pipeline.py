"""ADL's SCORM 2004 4th Edition test cases one layer up: events in, pages out, every cell as JSON in between."""

import pytest
from plugins.scorm.tests.conformance.adl.decoder import ROOT, case_names
from plugins.scorm.tests.conformance.adl.pipeline import PipelineLearner, PipelineLms
from plugins.scorm.tests.conformance.adl.replay import replay

pytestmark = pytest.mark.skipif(not ROOT.exists(), reason=f"the shared test data has no {ROOT} (set PASSBACK_SHARED)")


@pytest.mark.parametrize("case", case_names())
def test_case(case: str) -> None:
    assert replay(case, PipelineLearner(), PipelineLms) == []
