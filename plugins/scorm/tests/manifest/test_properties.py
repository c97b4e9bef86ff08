"""What items say of run time and sequencing: every element, and what becomes of odd ones."""

import pytest
from plugins.scorm.tests.manifest.making import (
    ROLLUP,
    SKIP,
    codes,
    defined,
    items,
    leaf,
    manifest,
    read,
    sequencing,
    told,
)

from passback_scorm.sequencing.definition import Objective, ObjectiveMap, SequencingDefinition

# --- Run-time properties


def test_thresholds_of_the_3rd_edition() -> None:
    inside = "<adlcp:completionThreshold> 0.75 </adlcp:completionThreshold>"
    found = read(manifest(leaf("i", inside), said="2004 3rd Edition"))
    one = items(found)["i"]
    assert (one.sequencing.completed_by_measure, one.sequencing.min_progress_measure) == (True, 0.75)
    assert one.properties.completion_threshold == 0.75


def test_thresholds_of_the_4th_edition() -> None:
    inside = '<adlcp:completionThreshold minProgressMeasure="0.75" progressWeight="0.5"/>'
    one = items(read(manifest(leaf("i", inside))))["i"]
    assert (one.sequencing.completed_by_measure, one.sequencing.progress_weight) == (False, 0.5)
    assert one.properties.completion_threshold is None


@pytest.mark.parametrize("text", ["", "much", "<x/>"])
def test_odd_thresholds(text: str) -> None:
    found = read(manifest(leaf("i", f"<adlcp:completionThreshold>{text}</adlcp:completionThreshold>")))
    assert not items(found)["i"].sequencing.completed_by_measure
    assert told(found, "odd_threshold")


def test_time_limits() -> None:
    inside = "<adlcp:timeLimitAction> Exit, No Message</adlcp:timeLimitAction>" + sequencing(
        '<imsss:limitConditions attemptLimit="2" attemptAbsoluteDurationLimit="PT1H30M"/>'
    )
    one = items(read(manifest(leaf("i", inside))))["i"]
    assert one.properties.time_limit_action == "exit,no message"
    assert one.properties.max_time_allowed == one.sequencing.attempt_absolute_duration_limit == "PT1H30M"
    assert one.sequencing.attempt_limit == 2


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("<adlcp:timeLimitAction>shout</adlcp:timeLimitAction>", "odd_time_limit_action"),
        ('<adlcp:data><adlcp:map targetID="t"/><adlcp:map targetID="t"/></adlcp:data>', "odd_shared_data"),
        ("<adlcp:data><adlcp:map/></adlcp:data>", "odd_shared_data"),
        (
            "<adlnav:presentation><adlnav:navigationInterface><adlnav:hideLMSUI>everything</adlnav:hideLMSUI>"
            "</adlnav:navigationInterface></adlnav:presentation>",
            "odd_value",
        ),
    ],
)
def test_odd_properties(inside: str, code: str) -> None:
    finding = told(read(manifest(leaf("i", inside))), code)
    assert finding.evidence.startswith("imsmanifest.xml:3")


def test_buttons_of_the_player() -> None:
    hidden = "".join(f"<hideLMSUI>{name}</hideLMSUI>" for name in ("Continue", "continue", " exitAll "))
    inside = f"<presentation><navigationInterface>{hidden}</navigationInterface></presentation>"
    assert items(read(manifest(leaf("i", inside))))["i"].properties.hide_lms_ui == ("continue", "exitAll")


# --- Sequencing


def test_everything_else_that_sequencing_can_say() -> None:
    definition, found = defined(
        '<imsss:controlMode choice="0" choiceExit="false" flow="1" forwardOnly="true" '
        'useCurrentAttemptObjectiveInfo="false" useCurrentAttemptProgressInfo="false"/>'
        '<imsss:randomizationControls randomizationTiming="onEachNewAttempt" selectCount="3" reorderChildren="true" '
        'selectionTiming="once"/>'
        '<imsss:deliveryControls tracked="false" completionSetByContent="true" objectiveSetByContent="true"/>'
        '<adlseq:constrainedChoiceConsiderations preventActivation="true" constrainChoice="true"/>'
        '<adlseq:rollupConsiderations requiredForSatisfied="ifNotSuspended" requiredForNotSatisfied="ifAttempted" '
        'requiredForCompleted="ifNotSkipped" requiredForIncomplete="always" measureSatisfactionIfActive="false"/>'
        '<imsss:limitConditions attemptExperiencedDurationLimit="PT1S" activityAbsoluteDurationLimit="P1D" '
        'activityExperiencedDurationLimit="P1M" beginTimeLimit="2026-01-01" endTimeLimit="2027-01-01"/>'
    )
    control = definition.control
    assert (control.choice, control.choice_exit, control.flow, control.forward_only) == (False, False, True, True)
    assert not control.use_current_attempt_objective_info
    assert not control.use_current_attempt_progress_info
    assert (definition.randomization_timing, definition.selection_timing) == ("onEachNewAttempt", "once")
    assert (definition.select_count, definition.reorder_children) == (3, True)
    assert (definition.tracked, definition.completion_set_by_content) == (False, True)
    assert definition.objective_set_by_content
    assert definition.prevent_activation
    assert definition.constrain_choice
    assert definition.required_for_satisfied == "ifNotSuspended"
    assert definition.required_for_not_satisfied == "ifAttempted"
    assert definition.required_for_completed == "ifNotSkipped"
    assert not definition.measure_satisfaction_if_active
    assert definition.attempt_experienced_duration_limit == "PT1S"
    assert (definition.begin_time_limit, definition.end_time_limit) == ("2026-01-01", "2027-01-01")
    assert found.findings == ()


@pytest.mark.parametrize(
    "inside",
    [
        '<imsss:controlMode flow="perhaps"/>',
        '<imsss:limitConditions attemptLimit="-1"/>',
        '<imsss:limitConditions attemptLimit="two"/>',
        '<imsss:limitConditions attemptAbsoluteDurationLimit="1 hour"/>',
        '<imsss:limitConditions attemptAbsoluteDurationLimit="P"/>',
        '<imsss:randomizationControls selectionTiming="sometimes"/>',
        '<imsss:rollupRules objectiveMeasureWeight="-2"/>',
        '<adlseq:rollupConsiderations requiredForCompleted="never"/>',
    ],
)
def test_values_that_mean_nothing_leave_the_default(inside: str) -> None:
    definition, found = defined(inside)
    assert definition == SequencingDefinition()
    assert told(found, "odd_value").evidence == "imsmanifest.xml:3"


def test_percentages_where_shares_belong() -> None:
    definition, found = defined(
        ROLLUP.format(attributes="childActivitySet='AtLeastPercent' minimumPercent='60'", condition="completed")
    )
    assert (definition.rollup_rules[0].child_activity_set, definition.rollup_rules[0].minimum_percent) == (
        "atLeastPercent",
        0.6,
    )
    assert told(found, "percentage")


@pytest.mark.parametrize(
    "inside",
    [
        SKIP.format(conditions="", action="skip"),
        SKIP.format(conditions="<imsss:ruleCondition condition='lucky'/>", action="skip"),
        SKIP.format(conditions="<imsss:ruleCondition condition='always'/>", action="exitAll"),
        SKIP.format(conditions="<imsss:ruleCondition condition='always'/><imsss:ruleCondition/>", action="skip"),
        ROLLUP.format(attributes="", condition="always"),
    ],
)
def test_rules_count_whole_or_not_at_all(inside: str) -> None:
    definition, found = defined(inside)
    assert definition == SequencingDefinition()
    assert told(found, "odd_rule").severity == "problem"


def test_words_in_another_case() -> None:
    condition = "<imsss:ruleCondition condition='Satisfied' operator='NOT' measureThreshold='0,5'/>"
    definition, found = defined(SKIP.format(conditions=condition, action="SKIP"))
    [rule] = definition.pre_rules
    assert (rule.action, rule.conditions[0].condition, rule.conditions[0].negated) == ("skip", "satisfied", True)
    assert rule.conditions[0].measure_threshold == 0.5
    assert found.findings == ()


def test_an_objective_that_is_not_there() -> None:
    condition = "<imsss:ruleCondition condition='satisfied' referencedObjective='gone'/>"
    definition, found = defined(SKIP.format(conditions=condition, action="skip"))
    assert definition.pre_rules[0].conditions[0].objective == "gone"
    assert told(found, "unknown_objective").evidence.endswith("gone")


@pytest.mark.parametrize(
    ("inside", "kept", "code"),
    [
        (
            "<imsss:primaryObjective objectiveID='a'/><imsss:primaryObjective objectiveID='b'/>",
            (Objective("a", primary=True), Objective("b")),
            "two_primary_objectives",
        ),
        (
            "<imsss:primaryObjective objectiveID='a'/><imsss:objective objectiveID=' a '/>",
            (Objective("a", primary=True),),
            "double_objective",
        ),
        ("<imsss:primaryObjective/><imsss:objective/>", (Objective(primary=True),), "double_objective"),
        (
            "<imsss:objective objectiveID='a'>"
            "<imsss:mapInfo targetObjectiveID='t'/><imsss:mapInfo targetObjectiveID='t'/>"
            "</imsss:objective>",
            (Objective("a", maps=(ObjectiveMap("t"),)),),
            "odd_objective_map",
        ),
        (
            "<imsss:primaryObjective satisfiedByMeasure='true'><imsss:minNormalizedMeasure>70"
            "</imsss:minNormalizedMeasure></imsss:primaryObjective>",
            (Objective(primary=True, satisfied_by_measure=True, min_normalized_measure=0.7),),
            "percentage",
        ),
        (
            "<imsss:primaryObjective><imsss:minNormalizedMeasure>-3</imsss:minNormalizedMeasure></imsss:primaryObjective>",
            (Objective(primary=True),),
            "odd_value",
        ),
    ],
)  # fmt: skip
def test_odd_objectives(inside: str, kept: tuple[Objective, ...], code: str) -> None:
    definition, found = defined(f"<imsss:objectives>{inside}</imsss:objectives>")
    assert definition.objectives == kept
    assert told(found, code)


def test_maps_of_the_4th_edition_without_their_namespace() -> None:
    definition, _ = defined(
        "<objectives><primaryObjective objectiveID='a'/></objectives>"
        "<objectives><objective objectiveID='a'><mapInfo targetObjectiveID='t' writeRawScore='true'/></objective>"
        "</objectives>"
    )
    [objective] = definition.objectives
    assert (objective.primary, objective.maps[0].target, objective.maps[0].write_raw_score) == (True, "t", True)


def test_maps_for_nobody() -> None:
    _, found = defined(
        "<adlseq:objectives><adlseq:objective objectiveID='a'><adlseq:mapInfo targetObjectiveID='t'/>"
        "</adlseq:objective></adlseq:objectives>"
    )
    assert told(found, "unknown_objective")


@pytest.mark.parametrize(
    ("collection", "code"),
    [
        ("", "missing_sequencing"),
        (sequencing("<imsss:controlMode flow='true'/>", "ID='s' IDRef='s'"), "nested_sequencing"),
        (sequencing("<imsss:controlMode flow='true'/>", "ID='s'") * 2, "double_sequencing"),
    ],
)
def test_odd_collections(collection: str, code: str) -> None:
    inside = sequencing("<imsss:controlMode choice='false'/>", "IDRef=' s '")
    after = f"<imsss:sequencingCollection>{collection}</imsss:sequencingCollection>"
    found = read(manifest(leaf("i", inside) + leaf("j", sequencing(attributes="IDRef='s'")), after=after))
    assert (items(found)["i"].sequencing.control.flow, items(found)["i"].sequencing.control.choice) == (False, False)
    assert items(found)["j"].sequencing.control.flow is bool(collection)
    assert code in codes(found)


def test_the_same_twice_in_one_activity() -> None:
    definition, found = defined("<imsss:controlMode flow='true'/><imsss:controlMode flow='false'/>")
    assert definition.control.flow
    assert told(found, "double_sequencing_part")
