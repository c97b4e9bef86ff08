"""AICC's script of prerequisites."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passback_scorm.several.prerequisites import DEEPEST, LONGEST, PrerequisitesError, read_prerequisites

STATUSES = {"A": "completed", "B": "passed", "C": "failed", "D": "incomplete", "item.1-x": "passed"}


@pytest.mark.parametrize(
    ("expression", "met"),
    [
        ("", True),
        ("  ", True),
        ("A", True),
        ("B", True),
        ("C", False),
        ("D", False),
        ("never-seen", False),
        ("item.1-x", True),
        ("A&B", True),
        ("A & C", False),
        ("C|A", True),
        ("C|D", False),
        ("~C", True),
        ("~~A", True),
        ("~A", False),
        ("~(C|D)", True),
        ("C|A&B", True),
        ("A&B|C&D", True),
        ("A&(C|D)", False),
        ('C="failed"', True),
        ("C=failed", True),
        ("C=F", True),
        ('C<>"passed"', True),
        ("B<>P", False),
        ('never-seen="not attempted"', True),
        ("never-seen=n", True),
        ("A=whatever", False),
        ("2*{A,B,C}", True),
        ("3*{A,B,C}", False),
        ("0*{C}", True),
        ("{A,B}", True),
        ("{A,C}", False),
        ("2*{A,C=F,D}", True),
        ("1*{C&A,~D}", True),
        ("1*{2*{A,B},C} & ~D", True),
        ('"A"', True),
    ],
)
def test_expressions(expression: str, met: bool) -> None:
    assert read_prerequisites(expression).met(STATUSES) is met


def test_the_items_it_names() -> None:
    assert read_prerequisites("A&(B|A)&C=passed&2*{D,E}").items == ("A", "B", "C", "D", "E")


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("A&", "at the end"),
        ("&A", "before “&”"),
        ("A B", "left over at “B”"),
        ("(A", "“)” is missing"),
        ("A)", "left over"),
        ("2*A", "braces"),
        ("2*{A,B", "“}” is missing"),
        ("{}", "before “}”"),
        ("A=", "a status is missing"),
        ("A<B", "not understood"),
        ("A;import os", "left over"),
        ("(" * (DEEPEST + 1) + "A" + ")" * (DEEPEST + 1), "deep"),
        ("A" * (LONGEST + 1), "characters"),
    ],
)
def test_what_cannot_be_read_says_where(expression: str, says: str) -> None:
    with pytest.raises(PrerequisitesError, match=says.replace("(", r"\(").replace(")", r"\)")):
        read_prerequisites(expression)


@given(st.text(alphabet='AB&|~=<>(){},*" 12', max_size=60))
def test_whatever_is_written_is_read_or_refused(expression: str) -> None:
    try:
        read = read_prerequisites(expression)
    except PrerequisitesError:
        return
    assert read.met(STATUSES) in {True, False}
