"""The scripts of ADL's suite are read whole: as many visits and commands as its documentation counts."""

import pytest
from plugins.scorm.tests.conformance.adl.decoder import LEARNER_ID, ROOT, Command, Question, case_names, read_case

pytestmark = pytest.mark.skipif(not ROOT.exists(), reason=f"the shared test data has no {ROOT} (set PASSBACK_SHARED)")


def test_every_case_is_read_whole() -> None:
    cases = [read_case(name) for name in case_names()]
    assert len(cases) == 188
    assert sum(len(case.visits) for case in cases) == 842
    assert sum(len(visit.commands) for case in cases for visit in case.visits) == 11_869
    assert sum(bool(visit.questions) for case in cases for visit in case.visits) == 65


@pytest.mark.parametrize(
    ("case", "visit", "number", "command"),
    [
        ("API", 2, 5, Command(5, "Commit", "", "", "false", "142")),
        ("API", 2, 8, Command(8, "Initialize", "illegal", "", "false", "201")),
        ("API", 2, 12, Command(12, "GetErrorString", "", "", "emptyCS", "201")),
        ("API", 2, 16, Command(16, "SetValue", "", "test", "false", "351")),
        ("DMI", 0, 2, Command(2, "GetValue", "cmi", "", "", "401")),
        ("DMI", 0, 14, Command(14, "GetValue", "cmi.entry", "", "ab-initio", "0")),
        ("DMI", 0, 34, Command(34, "GetValue", "cmi.learner_id", "", LEARNER_ID, "0")),
        ("DMI", 0, 49, Command(49, "SetValue", "cmi.location", "欢迎使用  Unicode", "true", "0")),
        ("DMB", 0, 8, Command(8, "SetValue", "adl.nav.request", "{target=activity_1}choice", "true", "0")),
        ("CM-02b", 0, 1, Command(1, "compareObjectives", "", "", "obj1,obj2,obj3", "0")),
    ],
)
def test_commands(case: str, visit: int, number: int, command: Command) -> None:
    assert read_case(case).visits[visit].commands[number] == command


def test_values_keep_their_backslashes() -> None:
    [one] = [c for c in read_case("DDM").visits[0].commands if c.argument == "adl.data.&tarID_2&.store"]
    assert one.value.startswith("Checked In Version, Time Checked In, M:\\ADLadli_tech\\software_development\\src\\org")
    assert "\\samplerte\\util\\LMSDatabaseHandler" in one.value


def test_questions_and_instructions() -> None:
    visit = read_case("CM-01").visits[0]
    assert (visit.name, visit.instruction) == ("Act1V1", "")
    assert visit.questions == (
        Question("continue.disabled", "", True),
        Question("previous.enabled", "", False),
        Question("toc.enabled.selectable", "Activity 2", False),
    )
    assert read_case("CM-01").visits[-1].instruction == "Exit"
    assert read_case("CM-04a").start == "Activity 12"
