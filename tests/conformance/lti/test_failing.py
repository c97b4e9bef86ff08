"""A case that cannot fail proves nothing: each of these breaks the tool in one place and sees who notices."""

from collections.abc import Callable
from typing import Any

import pytest

from passback.lti import binding, claims, entering, nrps, platform_keys, records, services, signed, states
from passback.sandbox.faults import Fault
from passback.testing.certification import Installation, find_cases, run_case
from passback.testing.certification.bench import Bench
from passback.testing.certification.model import Case

NOTHING: Callable[..., Any] = lambda *_args, **_kwargs: None  # noqa: E731


@pytest.mark.parametrize(
    ("where", "name", "instead", "cases"),
    [
        (claims, "check_issuer", NOTHING, ["X14-unknown", "X14-slash", "X14-scheme"]),
        (claims, "check_audience", NOTHING, ["X13-azp-wrong", "X13-no-azp", "X13-not-us"]),
        (claims, "check_times", NOTHING, ["B7", "X6", "X7", "X8-beyond", "X9-beyond", "X10-beyond", "X10-years"]),
        (claims, "check_nonce", NOTHING, ["X11"]),
        (claims, "check_message", NOTHING, ["B3", "B4", "B8", "B9", "X17", "X18", "X19-text", "X22-foreign"]),
        (claims, "LEEWAY", 0.0, ["X8-within", "X9-within"]),
        (signed, "_verifies", lambda *_: True, ["X1"]),
        (platform_keys, "_select", lambda entry, *_: () if entry.keys else None, ["student-plain", "X25-same-kid"]),
        (platform_keys, "REFETCH_SECONDS", 0.0, ["X25-unknown-kid", "X25-500", "X25-html"]),
        (platform_keys, "STALE_SECONDS", 0.0, ["X25-down"]),
        (platform_keys, "MIN_AGE", 7200.0, ["X25-no-cache"]),
        (binding, "bound_by", lambda *_: binding.COOKIE, ["X12-other-browser", "X12-login-csrf"]),
        (states, "STATE_SECONDS", 3600, ["X12-expired"]),
        (records, "refused", NOTHING, ["B1", "B12"]),
        (entering, "expect_grade", NOTHING, ["AGS1", "AGS5"]),
        (nrps, "MEMBERS_TYPE", "application/json", ["NRPS2", "NRPS3"]),
        (services, "drop_token", NOTHING, ["AGS7"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_tool_fails(
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
    where: object,
    name: str,
    instead: object,
    cases: list[str],
) -> None:
    monkeypatch.setattr(where, name, instead)
    found = [run_case(installation, case) for case in find_cases(cases)]
    assert [one.line() for one in found if one.passed] == []


def test_a_case_that_raises_is_a_failure_and_leaves_no_fault_behind(installation: Installation) -> None:
    def run(bench: Bench) -> str:
        bench.fail("jwks", Fault(500, 99))
        raise ZeroDivisionError

    evidence = run_case(installation, Case("T1", "nothing", "nothing", run))
    assert not evidence.passed
    assert "ZeroDivisionError" in evidence.answered
    assert list(installation.server.faults.pending()) == []


def test_a_refusal_that_records_something_is_a_failure(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (case,) = find_cases(["B12"])

    def run(bench: Bench) -> str:
        bench.launch()
        return case.run(bench)

    evidence = run_case(installation, Case("T2", "", "", run))
    assert not evidence.passed
    assert "nothing recorded" in evidence.answered
