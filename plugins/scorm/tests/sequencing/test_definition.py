"""Definitions as JSON: small, and the same when read back."""

import json

from passback_scorm.sequencing.definition import (
    ControlMode,
    Objective,
    ObjectiveMap,
    RollupCondition,
    RollupRule,
    RuleCondition,
    SequencingDefinition,
    SequencingRule,
    from_json,
    to_json,
)

FULL = SequencingDefinition(
    control=ControlMode(choice=False, flow=True),
    pre_rules=(SequencingRule("skip", "any", (RuleCondition("satisfied", True, "obj", 0.5),)),),
    rollup_rules=(RollupRule("completed", "atLeastPercent", 0, 0.5, "all", (RollupCondition("attempted", True),)),),
    objectives=(Objective("obj", True, maps=(ObjectiveMap("shared", write_raw_score=True),)),),
    attempt_limit=0,
)


def test_defaults_weigh_nothing() -> None:
    assert to_json(SequencingDefinition()) == {}
    assert from_json({}) == SequencingDefinition()


def test_a_definition_survives_json() -> None:
    assert from_json(json.loads(json.dumps(to_json(FULL)))) == FULL


def test_what_a_later_version_adds_is_passed_over() -> None:
    assert from_json({"tracked": False, "weather": "fine"}) == SequencingDefinition(tracked=False)
