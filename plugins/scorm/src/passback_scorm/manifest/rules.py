"""Sequencing rules and rollup rules as manifests write them (CAM 5.1.3, 5.1.5)."""

from lxml.etree import _Element

from passback_scorm.findings import Findings
from passback_scorm.manifest.tree import attribute, child, children, uri
from passback_scorm.manifest.values import Values, proper
from passback_scorm.sequencing.definition import RollupCondition, RollupRule, RuleCondition, SequencingRule

_ACTIONS = {
    "preconditionrule": ("skip", "disabled", "hiddenFromChoice", "stopForwardTraversal"),
    "exitconditionrule": ("exit",),
    "postconditionrule": ("exitParent", "exitAll", "retry", "retryAll", "continue", "previous"),
}
_TRACKED = (
    "satisfied",
    "objectiveStatusKnown",
    "objectiveMeasureKnown",
    "completed",
    "activityProgressKnown",
    "attempted",
    "attemptLimitExceeded",
    "timeLimitExceeded",
    "outsideAvailableTimeRange",
)
_CONDITIONS = (*_TRACKED, "objectiveMeasureGreaterThan", "objectiveMeasureLessThan", "always")
_ROLLUP_ACTIONS = ("satisfied", "notSatisfied", "completed", "incomplete")
_CHILD_SETS = ("all", "any", "none", "atLeastCount", "atLeastPercent")
_COMBINATIONS = ("all", "any")


def read_rules(element: _Element, kind: str, found: Findings) -> tuple[SequencingRule, ...]:
    """Return the rules of one kind (`preConditionRule` …) below `sequencingRules`, in order."""
    return tuple(
        rule
        for one in children(element, kind.lower())
        if (rule := _rule(one, _ACTIONS[kind.lower()], found)) is not None
    )


def read_rollup_rules(element: _Element, found: Findings) -> tuple[RollupRule, ...]:
    """Return the rules below `rollupRules`, in order."""
    return tuple(rule for one in children(element, "rolluprule") if (rule := _rollup_rule(one, found)) is not None)


def _rule(element: _Element, actions: tuple[str, ...], found: Findings) -> SequencingRule | None:
    section = child(element, "ruleconditions")
    action = _action(element, "ruleaction", actions)
    conditions = [_condition(one, found) for one in children(section, "rulecondition")]
    if section is None or not action or not conditions or None in conditions:
        _tell(element, found)
        return None
    combination = Values(section, found).word("conditionCombination", _COMBINATIONS, "all")
    return SequencingRule(action, combination, tuple(one for one in conditions if one is not None))


def _condition(element: _Element, found: Findings) -> RuleCondition | None:
    condition = proper(attribute(element, "condition"), _CONDITIONS)
    if not condition:
        return None
    values = Values(element, found)
    return RuleCondition(
        condition,
        negated=values.word("operator", ("noOp", "not"), "noOp") == "not",
        objective=uri(attribute(element, "referencedobjective")),
        measure_threshold=values.share("measureThreshold", 0.0, low=-1.0),
    )


def _rollup_rule(element: _Element, found: Findings) -> RollupRule | None:
    section = child(element, "rollupconditions")
    action = _action(element, "rollupaction", _ROLLUP_ACTIONS)
    conditions = [_rollup_condition(one, found) for one in children(section, "rollupcondition")]
    if section is None or not action or not conditions or None in conditions:
        _tell(element, found)
        return None
    values = Values(element, found)
    return RollupRule(
        action,
        child_activity_set=values.word("childActivitySet", _CHILD_SETS, "all"),
        minimum_count=values.count("minimumCount") or 0,
        minimum_percent=values.share("minimumPercent", 0.0),
        combination=Values(section, found).word("conditionCombination", _COMBINATIONS, "any"),
        conditions=tuple(one for one in conditions if one is not None),
    )


def _rollup_condition(element: _Element, found: Findings) -> RollupCondition | None:
    condition = proper(attribute(element, "condition"), _TRACKED)
    if not condition:
        return None
    return RollupCondition(condition, Values(element, found).word("operator", ("noOp", "not"), "noOp") == "not")


def _action(element: _Element, name: str, allowed: tuple[str, ...]) -> str:
    said = child(element, name)
    return proper(attribute(said, "action"), allowed) if said is not None else ""


def _tell(element: _Element, found: Findings) -> None:
    """A rule with a condition less would say something else: it counts whole or not at all."""
    message = "A sequencing rule has no condition, no action or one that SCORM does not know; the rule is left out."
    advice = "If the course leads learners the wrong way, correct the rule in your authoring tool."
    found.add("odd_rule", message, "", advice, at=element, severity="problem")
