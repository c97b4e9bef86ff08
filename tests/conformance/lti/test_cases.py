"""1EdTech's LTI Advantage tool cases and ours beyond them, one test each: what `passback certify` runs."""

import re
from collections import Counter

import pytest

from passback.testing.certification import CASES, Installation, find_cases, run_case
from passback.testing.certification.model import Case

GUIDE = [*(f"B{number}" for number in range(1, 13)), "DL", "NRPS", "AGS"]
OWN = [f"X{number}" for number in range(1, 32)]
VARIANTS = [
    "plain",
    "several-roles",
    "short-role",
    "unknown-role",
    "no-role",
    "email-only",
    "names-only",
    "nothing-personal",
    "email-no-context",
    "new-link",
]


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_case(installation: Installation, case: Case) -> None:
    evidence = run_case(installation, case)
    assert evidence.passed, evidence.line()
    assert evidence.answered


def test_every_case_that_is_asked_for_is_there_once() -> None:
    ids = Counter(case.id for case in CASES)
    assert [name for name, times in ids.items() if times > 1] == []
    begun = {re.sub(r"(?<=DL|PS|GS)\d+$", "", name.partition("-")[0]) for name in ids}
    assert [name for name in (*GUIDE, *OWN) if name not in begun] == []
    for who in ("instructor", "student"):
        assert [one for one in VARIANTS if f"{who}-{one}" not in ids] == []


def test_cases_are_found_by_their_beginning() -> None:
    assert [case.id for case in find_cases(["X8", "B10"])] == ["B10", "X8-within", "X8-beyond"]
    assert len(find_cases([])) == len(CASES)
    with pytest.raises(KeyError, match="X99"):
        find_cases(["X8", "X99"])
