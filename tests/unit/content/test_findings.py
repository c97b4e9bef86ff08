"""Warnings as they are kept with a version, by this version and by earlier ones."""

import json
from dataclasses import dataclass

from flask import Flask, render_template_string

from passback.cli.output import warning_line
from passback.content.findings import read_warnings, stored_warnings
from passback.plugin import PackageWarning

GUESS = PackageWarning(
    "never_scores",
    "It seems to report no score.",
    "a.js:7",
    "Ask.",
    severity="problem",
    certain=False,
    file="a.js",
    line=7,
)


@dataclass(frozen=True)
class Older(PackageWarning):
    """What a plugin made of a warning before core had its fields."""

    weight: int = 3


def test_what_is_kept_comes_back() -> None:
    assert read_warnings(json.loads(json.dumps(stored_warnings([GUESS])))) == (GUESS,)
    assert "weight" not in stored_warnings([Older("c", "m")])[0]


def test_what_earlier_versions_kept_is_read() -> None:
    assert read_warnings([{"code": "c", "message": "m", "evidence": "", "advice": "a"}]) == (
        PackageWarning("c", "m", "", "a", "warning", certain=True),
    )


def test_what_cannot_be_meant_is_read_as_a_warning() -> None:
    odd = {"code": None, "message": 7, "severity": ["x"], "certain": "no", "line": "7", "more": 1}
    assert read_warnings([odd]) == (PackageWarning("", "7"),)


def test_people_are_told_facts_and_guesses_apart(sqlite_app: Flask) -> None:
    fact = {"code": "c", "message": "An <old> fact.", "evidence": "x.html:1", "advice": ""}
    template = "{% from 'web/macros.html' import package_warnings %}{{ package_warnings(warnings) }}"
    with sqlite_app.test_request_context():
        shown = render_template_string(template, warnings=[GUESS, fact])
    facts, _, guesses = shown.partition("Guesses, from the look of the content:")
    assert "An &lt;old&gt; fact." in facts
    assert "<code>x.html:1</code>" in facts
    assert "Learners will notice: It seems to report no score." in guesses
    assert warning_line(GUESS) == "problem, a guess: It seems to report no score. (a.js:7)"
