"""What a placement's rule makes of attempts, or of one activity of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast
from uuid import UUID

import structlog

from passback.db import JsonObject
from passback.plugin import AttemptResult, GradeDecision, GradeRule, Outcome
from passback.runtime import runtime
from passback.tracking.grading import combine, merge_replaced
from passback.tracking.models import Placement

log = structlog.get_logger(__name__)

UNGRADED = "none"
"""`Placement.counts` of what gets no grade at all."""
Which = Literal["best", "last", "first", "average"]


@dataclass(frozen=True)
class Rule:
    """What grades are decided by: the placement, the course's settings, and which versions report scores."""

    placement: Placement
    settings: JsonObject
    reporting: frozenset[UUID]


@dataclass(frozen=True)
class Went:
    """One attempt, or one activity of it, as it went. `reports`: others have reported a score here."""

    number: int
    outcome: Outcome
    replaced: bool
    reports: bool


def decide(attempts: Sequence[Went], rule: Rule) -> GradeDecision:
    """Return what a rule makes of attempts, in their order."""
    placement = rule.placement
    policy = runtime().plugins.grade_policies.get(placement.counts)
    if placement.counts == UNGRADED:
        return GradeDecision(None, False, "this link does not count")
    if policy is None:
        return GradeDecision(None, False, f"the plugin that grades by {placement.counts!r} is not loaded")
    which = cast("Which", placement.which_attempt)
    decisions = []
    for attempt in attempts:
        outcome = _adjusted(attempt.outcome, rule.settings)
        result = AttemptResult(attempt.number, outcome, outcome.ended)
        try:
            decisions.append(policy.decide(result, GradeRule(placement.pass_mark, which, attempt.reports)))
        except Exception as error:  # noqa: BLE001 - a plugin's policy must not hold up the recording of results
            log.error("grading.policy_failed", policy=policy.key, error=f"{type(error).__name__}: {error}"[:200])
            decisions.append(GradeDecision(None, False, f"the plugin that grades by {policy.key!r} failed"))
    combined = GradeRule(placement.pass_mark, which)
    return combine(merge_replaced(decisions, [attempt.replaced for attempt in attempts], combined), combined)


def _adjusted(outcome: Outcome, settings: JsonObject) -> Outcome:
    return runtime().plugins.chain("outcome_adjust", "outcome", outcome, settings=dict(settings))
