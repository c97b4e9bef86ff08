"""What a SCORM 2004 course shows: the activity that is delivered, its run time, the menu and the buttons."""

from dataclasses import replace

from passback.plugin import (
    AttemptReport,
    JsonObject,
    LaunchContext,
    MenuItem,
    Navigation,
    NavigationAction,
    PlayerPage,
    State,
    StateKey,
)
from passback_scorm.boot import student_name
from passback_scorm.report import Part, course_report
from passback_scorm.rte.initial import Launch, browser_boot
from passback_scorm.rte.table import scorm2004
from passback_scorm.sequenced.course import COURSE, SHARED, Course, load_course, node_of, seed_of, unit_key
from passback_scorm.sequenced.unit import deliver, limit_of, load_unit
from passback_scorm.sequencing import engine
from passback_scorm.sequencing.lookahead import Validity
from passback_scorm.sequencing.recording import ObjectiveView
from passback_scorm.sequencing.tree import Activity
from passback_scorm.settings import course_settings

SCRIPTS = ("rules.js", "datamodel.js", "calls.js", "recorder.js", "api.js", "scorm2004.js", "limits.js", "course.js")
NOTHING_SHOWN = "Nothing can be shown next by itself. Choose a part from the contents."
LED_NOWHERE = "The course does not allow this step now."
NOTHING_LEFT = "Nothing of this course can be opened now. You can leave it."


def launch(context: LaunchContext) -> PlayerPage:
    """Furnish the player; a preview or a review goes where it is asked to and keeps nothing."""
    state, settings = context.state, course_settings(context.state)
    course = load_course(state, seed=seed_of(str(context.session)))
    free = state.mode != "normal"
    shown = _asked(course, context.wanted) if free else course.place.shown
    step = engine.navigate(course.tree, course.state, course.shared, "", result=course.place.running.result)
    validity = _all_open(course) if free else step.validity
    node = node_of(state.content, shown)
    navigation = _navigation(course, validity, state.content, shown)
    onward = settings.auto_progress and navigation is not None and navigation.can_continue
    boot: JsonObject = {"mode": state.mode, "order": list(_leaves(course)), "onward": onward}
    if shown:
        boot = {**_boot(context, course, shown, validity), **boot}
    return PlayerPage(
        SCRIPTS,
        boot,
        str(node.get("href", "")),
        shown,
        full_window=settings.full_window,
        navigation=navigation,
        ended=course.place.ended and not free and not shown,
    )


def then_scopes(state: State) -> frozenset[StateKey]:
    """Name the cell of the activity that is shown."""
    shown = load_course(state).place.shown
    return frozenset({unit_key(shown)} if shown else ())


def launch_scopes() -> frozenset[StateKey]:
    """Name what every launch needs."""
    return frozenset({COURSE, SHARED})


def report_scopes(state: State) -> frozenset[StateKey]:
    """Name the cells of all activities that were tried."""
    return frozenset(unit_key(name) for name in load_course(state).state.activities)


def report(state: State) -> AttemptReport:
    """Return what is known of each activity, in the order of the course, and its records."""
    course = load_course(state)
    leaves = (one for one in course.tree.in_order if not one.children)
    return course_report((_part(state, course, one) for one in leaves), course.place.shown)


def _part(state: State, course: Course, activity: Activity) -> Part:
    cell, known = state.cells.get(unit_key(activity.id)), _known(course, activity)
    unit, settings = load_unit(cell), course_settings(state)
    table = scorm2004(str(state.content.get("edition")))
    terms: JsonObject = {"status": _status(course, activity) or "not attempted", "score_scaled": known.measure}
    terms["seconds"] = unit.total(measure=settings.wall_clock_time) / 100
    model = unit.model(table, strict=settings.strict) if cell else None
    return Part(activity.id, activity.title or activity.id, _standing(course, activity), terms, model)


def _boot(context: LaunchContext, course: Course, shown: str, validity: Validity) -> JsonObject:
    state, settings = context.state, course_settings(context.state)
    table = scorm2004(str(state.content.get("edition")))
    unit = load_unit(state.cells.get(unit_key(shown)))
    launch = Launch(
        context.learner.id,
        student_name(context.learner),
        mode=state.mode,
        total_time=unit.total(measure=settings.wall_clock_time),
    )
    new = deliver(course, shown, unit, state.content, table=table, launch=launch, strict=settings.strict)
    new.model.validity = validity.requests()
    boot = browser_boot(new.model, mode=state.mode, reinitialise=settings.reinitialise)
    used = unit.total(measure=True) if new.continued else 0
    limit = limit_of(state.content, shown, settings, used)
    title = course.tree.activities[shown].title or context.title
    return boot | ({"limit": limit.to_json(title, "exit")} if limit else {})


def _navigation(course: Course, validity: Validity, content: JsonObject, shown: str) -> Navigation | None:
    if sum(not one.children for one in course.tree.in_order) == 1 and shown:
        return None
    hidden = node_of(content, shown).get("hide_lms_ui")
    hides = {str(one) for one in hidden} if isinstance(hidden, list) else set()
    note = LED_NOWHERE if course.place.exception else ""
    if not shown:
        note = NOTHING_SHOWN if any(validity.choice.values()) else NOTHING_LEFT
    end = NavigationAction("exitAll", "End the course")
    return Navigation(
        menu=_menu(course, validity, content, (course.tree.root,)),
        can_continue=validity.continue_ and "continue" not in hides,
        can_previous=validity.previous and "previous" not in hides,
        actions=(end,) if validity.exit_all and "exitAll" not in hides else (),
        note=note,
    )


def _menu(
    course: Course, validity: Validity, content: JsonObject, activities: tuple[Activity, ...]
) -> tuple[MenuItem, ...]:
    items: list[MenuItem] = []
    for one in activities:
        below = _menu(course, validity, content, one.children)
        if one.id in validity.hidden or node_of(content, one.id).get("visible") is False:
            items += below if one.children and one.id not in validity.hidden else ()
            continue
        item = MenuItem(
            one.id,
            one.title or one.id,
            enabled=bool(validity.choice.get(one.id)),
            current=one.id == course.place.shown,
            status=_status(course, one),
            children=below,
        )
        items.append(item)
    return tuple(items)


def _status(course: Course, activity: Activity) -> str:
    if course.state.activities.get(activity.id) is None or activity.children:
        return ""
    known = _known(course, activity)
    if known.satisfied is not None:
        return "passed" if known.satisfied else "failed"
    return "completed" if known.completed else "incomplete"


def _known(course: Course, activity: Activity) -> ObjectiveView:
    return engine.view(course.tree, course.state, course.shared, activity.id).primary


def _standing(course: Course, activity: Activity) -> str:
    status, measure = _status(course, activity), _known(course, activity).measure
    return ", ".join(part for part in (status, "" if measure is None else f"{100 * measure:g} of 100") if part)


def _leaves(course: Course) -> tuple[str, ...]:
    return tuple(one.id for one in course.tree.in_order if not one.children)


def _asked(course: Course, wanted: str) -> str:
    """Return where a preview or a review is: the activity that is asked for, its first one, or the course's."""
    activity = course.tree.get(wanted) or course.tree.get(course.place.shown) or course.tree.root
    while activity.children:
        activity = activity.children[0]
    return activity.id


def _all_open(course: Course) -> Validity:
    everything = {one.id: True for one in course.tree.in_order}
    return replace(Validity(), continue_=True, previous=True, choice=everything)
