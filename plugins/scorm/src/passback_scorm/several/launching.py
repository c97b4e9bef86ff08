"""What a SCORM 1.2 course of several units shows: the unit, its run time, the menu and the buttons."""

from dataclasses import dataclass

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
from passback_scorm.boot import unit_bootstrap
from passback_scorm.report import Part, course_report
from passback_scorm.runtime import model_of
from passback_scorm.settings import course_settings
from passback_scorm.several.course import Course, load_course, load_unit, timed, unit_key
from passback_scorm.several.plan import Plan, plan_of
from passback_scorm.several.runtime import opened
from passback_scorm.timespan import spoken_timespan

SCRIPTS = ("rules.js", "datamodel.js", "calls.js", "recorder.js", "api.js", "scorm12.js", "limits.js", "course.js")


@dataclass(frozen=True)
class _Shown:
    """A course as it is shown: in a preview or a review (`free`) everything is open."""

    course: Course
    plan: Plan
    at: str
    open: frozenset[str]
    free: bool

    @property
    def can_open(self) -> frozenset[str]:
        return frozenset(self.plan.units) if self.free else self.open


def launch(context: LaunchContext) -> PlayerPage:
    """Furnish the player; a preview or a review goes where it is asked to and keeps nothing."""
    state, settings = context.state, course_settings(context.state)
    shown = _shown(state, context.wanted)
    unit = shown.plan.unit(shown.at)
    ended = shown.course.ended and not shown.free
    boot: JsonObject = {}
    if unit is not None and not ended:
        sco, _delivery = load_unit(state.cells.get(unit_key(unit.id)))
        sco = timed(sco, shown.course.standing(unit.id), measure=settings.wall_clock_time)
        boot = unit_bootstrap(context, unit, sco, shown.course.preferences)
    boot |= {"mode": state.mode, "order": list(shown.plan.order), "suggestion": shown.course.suggestion}
    navigation = _navigation(shown, state.content)
    boot["onward"] = settings.auto_progress and navigation.can_continue
    boot["pages"] = shown.plan.pages()
    return PlayerPage(
        SCRIPTS,
        boot,
        "" if unit is None or ended else unit.href,
        shown.at,
        full_window=settings.full_window,
        navigation=navigation,
        ended=ended,
    )


def then_scopes(state: State) -> frozenset[StateKey]:
    """Name the cell of the unit that is shown."""
    at = _shown(state, "").at
    return frozenset({unit_key(at)} if at else ())


def report_scopes(state: State) -> frozenset[StateKey]:
    """Name the cells of all units that were opened."""
    return frozenset(unit_key(name) for name in load_course(state).units)


def report(state: State) -> AttemptReport:
    """Return what each unit has come to, in the order of the course, and its records."""
    course, plan = load_course(state), plan_of(state.content)
    return course_report((_part(state, course, name, node) for name, node in plan.units.items()), course.at)


def _part(state: State, course: Course, name: str, node: JsonObject) -> Part:
    standing = course.standing(name)
    cell = state.cells.get(unit_key(name))
    terms: JsonObject = {"status": standing.status or "not attempted", "score": standing.score}
    terms["seconds"] = standing.time / 100
    model = model_of(load_unit(cell)[0]) if cell else None
    return Part(name, str(node.get("title") or name), _standing(course, name), terms, model)


def _shown(state: State, wanted: str) -> _Shown:
    course, plan = load_course(state), plan_of(state.content)
    free = state.mode != "normal"
    can_open = opened(course, plan)
    asked = wanted if free and wanted in plan.units else course.at
    at = asked if asked in plan.units else plan.first(can_open)
    return _Shown(course, plan, at, can_open, free)


def _navigation(shown: _Shown, content: JsonObject) -> Navigation:
    organization = content.get("organization")
    items = organization.get("items") if isinstance(organization, dict) else None
    return Navigation(
        menu=_menu(shown, items),
        can_continue=bool(shown.plan.beside(shown.at, 1, shown.can_open)),
        can_previous=bool(shown.plan.beside(shown.at, -1, shown.can_open)),
        actions=(NavigationAction("exitAll", "End the course"),),
        note=shown.course.note,
    )


def _menu(shown: _Shown, items: object) -> tuple[MenuItem, ...]:
    """Return the menu; what is not visible is left out, and so are headings above nothing."""
    lines: list[MenuItem] = []
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, dict):
            continue
        name, below = str(item.get("id")), _menu(shown, item.get("children"))
        if item.get("visible") is False:
            lines += below
        elif item.get("kind") or below:
            unit = name in shown.plan.units
            status = shown.course.standing(name).status if unit else ""
            lines.append(
                MenuItem(
                    name,
                    str(item.get("title") or name),
                    enabled=unit and name in shown.can_open,
                    current=name == shown.at,
                    status=_STATUSES.get(status, status),
                    children=below,
                )
            )
    return tuple(lines)


def _standing(course: Course, name: str) -> str:
    one = course.units.get(name)
    if one is None:
        return "not attempted"
    score = "" if one.score is None else f"{one.score:g} of 100"
    return ", ".join(part for part in (one.status, score, spoken_timespan(one.time) if one.time else "") if part)


_STATUSES = {"browsed": "incomplete", "not attempted": ""}
