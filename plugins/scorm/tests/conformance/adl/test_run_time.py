"""ADL's scripts, command by command, against the browser's API, where `test_replay.py` has the server's data model.

Each visit starts from the launch data that the server made for it in the engine's hands, and what the browser records
is taken in by the server again.
"""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from plugins.scorm.tests.conformance.adl import lms, replay
from plugins.scorm.tests.conformance.adl.decoder import ROOT, Visit, case_names
from plugins.scorm.tests.conformance.adl.evaluator import Answer
from plugins.scorm.tests.conformance.adl.lms import LEARNER_ID
from plugins.scorm.tests.conformance.adl.sco import PythonApi, complaints, play, steps

from passback_scorm.rte.initial import browser_boot
from passback_scorm.rte.model import DataModel
from passback_scorm.rte.result import asked
from passback_scorm.rte.text import unpack

pytestmark = pytest.mark.skipif(not ROOT.exists(), reason=f"the shared test data has no {ROOT} (set PASSBACK_SHARED)")


@dataclass
class Played:
    """A visit as Python's data model played it, and as the browser's did."""

    visit: Visit
    before: DataModel
    after: DataModel
    browser: dict[str, Any]


@pytest.fixture(scope="session")
def played(javascript: Any) -> dict[str, list[Played]]:
    """Every visit of every case; JavaScript plays them all in one run of Node."""
    visits = {name: _play_case(name) for name in case_names()}
    everything = [one for ones in visits.values() for one in ones]
    jobs = [{"boot": browser_boot(one.before), "steps": steps(one.visit)} for one in everything]
    for one, result in zip(everything, javascript(jobs), strict=True):
        one.browser = result
    return visits


def copied(model: DataModel) -> DataModel:
    return replace(model, values=dict(model.values), given=dict(model.given), counts=dict(model.counts))


def _play_case(name: str) -> list[Played]:
    visits: list[Played] = []

    def watched(api: PythonApi, visit: Visit, learner_id: str) -> list[str]:
        before = copied(api.model)
        wrong = play(api, visit, learner_id)
        visits.append(Played(visit, before, copied(api.model), {}))
        return wrong

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lms, "play", watched)
        replay.replay(name)
    return visits


@pytest.mark.parametrize("name", case_names())
def test_javascript(name: str, played: dict[str, list[Played]]) -> None:
    for one in played[name]:
        answers = [Answer(*answer) for answer in one.browser["answers"]]
        assert complaints(one.visit, answers[:-1], LEARNER_ID) == []
        assert answers[-1] == (Answer("true", "0") if one.visit.commands else Answer("false", "112"))


@pytest.mark.parametrize("name", case_names())
def test_what_the_browser_records_is_what_the_server_has(name: str, played: dict[str, list[Played]]) -> None:
    for one in played[name]:
        server = copied(one.before)
        events = [said for said in one.browser["said"] if "kind" in said]
        for event in events:
            pairs = [(element, unpack(value) or "") for element, value in event["data"].get("values", [])]
            assert server.accept(pairs) == {element for element, _ in pairs}
        assert server.values == one.after.values
        if one.visit.commands:
            assert [one.browser["said"][-1]] == [{"finished": "finished", "request": asked(server)}]


def test_all_commands_were_looked_at(played: dict[str, list[Played]]) -> None:
    counted = sum(len(one.visit.commands) for name, ones in played.items() for one in ones)
    assert counted >= 11_869  # cases that others come before are counted with them
    assert sum(len(one.visit.commands) + 1 for one in played["DMI"]) == 8_169  # and Terminate
