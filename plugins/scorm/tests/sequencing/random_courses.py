"""Random courses, reports and requests for property tests: contradictory ones too."""

from typing import Any

from hypothesis import strategies as st

from passback_scorm.sequencing.definition import (
    ControlMode,
    Objective,
    ObjectiveMap,
    RollupCondition,
    RollupRule,
    RuleCondition,
    SequencingDefinition,
    SequencingRule,
    to_json,
)
from passback_scorm.sequencing.result import ObjectiveResult, RteResult

CONDITIONS = (
    "satisfied",
    "objectiveStatusKnown",
    "objectiveMeasureKnown",
    "objectiveMeasureGreaterThan",
    "completed",
    "activityProgressKnown",
    "attempted",
    "attemptLimitExceeded",
    "always",
    "nonsense",
)
SHARED = ("g1", "g2")
REQUIRED = ("always", "ifAttempted", "ifNotSkipped", "ifNotSuspended")
SETS = ("all", "any", "none", "atLeastCount", "atLeastPercent")
TIMINGS = ("never", "once", "onEachNewAttempt")

shares = st.sampled_from((0.0, 0.4, 1.0))
maps = st.builds(
    ObjectiveMap,
    target=st.sampled_from(SHARED),
    read_satisfied_status=st.booleans(),
    write_satisfied_status=st.booleans(),
    write_normalized_measure=st.booleans(),
    read_completion_status=st.booleans(),
    write_completion_status=st.booleans(),
)
objectives = st.builds(
    Objective,
    id=st.sampled_from(("", "one")),
    primary=st.just(True),
    satisfied_by_measure=st.booleans(),
    min_normalized_measure=shares,
    maps=st.lists(maps, max_size=2).map(tuple),
)
conditions = st.builds(
    RuleCondition,
    condition=st.sampled_from(CONDITIONS),
    negated=st.booleans(),
    objective=st.sampled_from(("", "one", "missing")),
    measure_threshold=shares,
)


def rules(*actions: str) -> st.SearchStrategy[tuple[SequencingRule, ...]]:
    """Return rules with the actions."""
    one = st.builds(
        SequencingRule,
        action=st.sampled_from(actions),
        combination=st.sampled_from(("all", "any")),
        conditions=st.lists(conditions, max_size=2).map(tuple),
    )
    return st.lists(one, max_size=2).map(tuple)


def mostly(usual: Any, strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return the usual value three times in four: where everything is odd, nothing is ever delivered."""
    return st.sampled_from((False, False, False, True)).flatmap(lambda odd: strategy if odd else st.just(usual))


controls = st.builds(
    ControlMode,
    choice=mostly(True, st.just(False)),
    choice_exit=mostly(True, st.just(False)),
    flow=mostly(True, st.just(False)),
    forward_only=mostly(False, st.just(True)),
    use_current_attempt_objective_info=mostly(True, st.just(False)),
    use_current_attempt_progress_info=mostly(True, st.just(False)),
)
rollups = st.builds(
    RollupRule,
    action=st.sampled_from(("satisfied", "notSatisfied", "completed", "incomplete")),
    child_activity_set=st.sampled_from(SETS),
    minimum_count=st.integers(0, 2),
    minimum_percent=shares,
    conditions=st.lists(st.builds(RollupCondition, st.sampled_from(CONDITIONS), st.booleans()), max_size=2).map(tuple),
)
definitions = st.builds(
    SequencingDefinition,
    control=controls,
    pre_rules=mostly((), rules("skip", "disabled", "hiddenFromChoice", "stopForwardTraversal")),
    exit_rules=mostly((), rules("exit")),
    post_rules=mostly((), rules("exitParent", "exitAll", "retry", "retryAll", "continue", "previous")),
    attempt_limit=mostly(None, st.sampled_from((0, 1))),
    rollup_rules=mostly((), st.lists(rollups, max_size=2).map(tuple)),
    rollup_objective_satisfied=mostly(True, st.just(False)),
    objective_measure_weight=mostly(1.0, shares),
    required_for_satisfied=mostly("always", st.sampled_from(REQUIRED)),
    required_for_completed=mostly("always", st.sampled_from(REQUIRED)),
    measure_satisfaction_if_active=mostly(True, st.just(False)),
    objectives=mostly((), objectives.map(lambda one: (one,))),
    selection_timing=mostly("never", st.sampled_from(TIMINGS)),
    select_count=mostly(None, st.sampled_from((0, 1, 2))),
    randomization_timing=mostly("never", st.sampled_from(TIMINGS)),
    reorder_children=st.booleans(),
    tracked=mostly(True, st.just(False)),
    constrain_choice=mostly(False, st.just(True)),
    prevent_activation=mostly(False, st.just(True)),
    completed_by_measure=mostly(False, st.just(True)),
    progress_weight=mostly(1.0, shares),
)
benign = st.builds(
    SequencingDefinition,
    control=st.builds(ControlMode, choice=st.booleans(), flow=st.just(True), forward_only=st.booleans()),
    post_rules=rules("exitParent", "continue", "previous", "retry"),
    objectives=st.lists(objectives, max_size=1).map(tuple),
)
"""Sequencing that closes no activity to anyone."""

shapes = st.recursive(st.just([]), lambda below: st.lists(below, min_size=1, max_size=3), max_leaves=8)


@st.composite
def organizations(draw: st.DrawFn, of: st.SearchStrategy[SequencingDefinition] = definitions) -> dict[str, Any]:
    """Return an organization as course data: at least one item, some clusters, none of them empty."""
    count = 0

    def node(shape: list[Any]) -> dict[str, Any]:
        nonlocal count
        count += 1
        made: dict[str, Any] = {"id": f"a{count}", "title": f"Activity {count}"}
        sequencing = to_json(draw(of))
        if sequencing:
            made["sequencing"] = sequencing
        if not shape:
            made["href"] = "page.html"
        made["children"] = [node(one) for one in shape]
        return made

    top = draw(st.lists(shapes, min_size=1, max_size=3))
    made = node(top)
    flags = {"objectives_global_to_system": draw(st.booleans())}
    return {**made, **flags, "items": made["children"]}


reports = st.one_of(
    st.none(),
    st.builds(
        RteResult,
        success_status=st.sampled_from(("", "passed", "failed", "unknown")),
        completion_status=st.sampled_from(("", "completed", "incomplete", "unknown")),
        score_scaled=st.sampled_from((None, 0.0, 1.0)),
        progress_measure=st.sampled_from((None, 0.0, 1.0)),
        exit=st.sampled_from(("", "suspend", "normal")),
        objectives=st.dictionaries(
            st.sampled_from(("one", "other")),
            st.builds(ObjectiveResult, success_status=st.sampled_from(("passed", "failed"))),
            max_size=1,
        ),
    ),
)
REQUESTS = (
    "start",
    "resumeAll",
    "continue",
    "previous",
    "choice",
    "jump",
    "exit",
    "exitAll",
    "suspendAll",
    "abandon",
    "abandonAll",
    "",
    "nonsense",
    "open",
    "close",
    "finish",
)
OFTEN = ("continue",) * 4 + ("previous", "choice") * 2 + ("open",) * 2
steps = st.lists(
    st.tuples(st.sampled_from((*REQUESTS, *OFTEN)), st.integers(0, 11).map(lambda number: f"a{number}"), reports),
    max_size=10,
)
