"""What a launch hands to the browser: the table, the values the SCO may read, and how to behave."""

from collections.abc import Mapping
from types import MappingProxyType

from passback.plugin import JsonObject, LaunchContext, LearnerView
from passback_scorm.rte.table import scorm12
from passback_scorm.runtime import CELL, EXIT, SESSION_TIME, Played, model_of
from passback_scorm.sco import Sco, load_sco
from passback_scorm.settings import ScormSettings, course_settings
from passback_scorm.timespan import format_timespan
from passback_scorm.unit import Unit, only_unit
from passback_scorm.verdict import STATUS

_WRITE_ONLY_RECORDS = "cmi.interactions."


def bootstrap(context: LaunchContext) -> JsonObject:
    """Return what `static/scorm12.js` finds as `passbackPlayer.boot.content`, in a course of one unit."""
    return unit_bootstrap(context, only_unit(context.state.content), load_sco(context.state.cells.get(CELL)))


def unit_bootstrap(
    context: LaunchContext, unit: Unit, sco: Sco, preferences: Mapping[str, str] = MappingProxyType({})
) -> JsonObject:
    """Return the same for a unit of any course; `preferences` are elements that its units share."""
    state = context.state
    settings = course_settings(state)
    model = model_of(sco)
    mastery = unit.mastery(settings)
    limit = Played(settings, unit).limit(sco.limited)
    for name, text in {
        "cmi.core.student_id": context.learner.id,
        "cmi.core.student_name": student_name(context.learner),
        "cmi.core.credit": "credit" if state.mode == "normal" else "no-credit",
        "cmi.core.lesson_mode": state.mode,
        "cmi.core.entry": entry(sco, settings, state.mode),
        "cmi.core.total_time": format_timespan(sco.total(measure=settings.wall_clock_time)),
        "cmi.launch_data": unit.data_from_lms,
        "cmi.student_data.mastery_score": "" if mastery is None else f"{mastery:g}",
        "cmi.student_data.max_time_allowed": unit.max_time_allowed,
        "cmi.student_data.time_limit_action": unit.time_limit_action,
    }.items():
        model.put(name, text)
    for name, text in preferences.items():
        model.put(name, text)
    if sco.lms_status:
        model.put(STATUS, sco.lms_status)
    for name in (EXIT, SESSION_TIME):
        model.drop(name)
    return {
        "table": scorm12().source,
        "values": {name: value for name, value in model.values.items() if _needed(name)},
        "counts": dict(model.counts),
        "size": model.size,
        "mode": state.mode,
        "strict": settings.strict,
        "reinitialise": settings.reinitialise,
        **({"limit": limit.to_json(unit.title or context.title)} if limit else {}),
    }


def entry(sco: Sco, settings: ScormSettings, mode: str) -> str:
    """Return cmi.core.entry: resume after a suspend or an end without LMSFinish, "" after an ordinary end."""
    if mode != "normal":
        return ""
    if not sco.launched:
        return "ab-initio"
    model = model_of(sco)
    running = sco.run.initialized
    finished = sco.run.finished if running else sco.last_finished
    how = model.text(EXIT) if running else sco.last_exit
    kept = model.text("cmi.suspend_data") or model.text("cmi.core.lesson_location")
    return "resume" if not finished or how == "suspend" or (settings.always_resume and kept) else ""


def paused(sco: Sco) -> bool:
    """Say whether the SCO was left with `suspend`; one that has begun again since is paused until it ends otherwise."""
    if sco.run.finished:
        return model_of(sco).text(EXIT) == "suspend"
    return sco.last_finished and sco.last_exit == "suspend"


def student_name(learner: LearnerView) -> str:
    """Return "Last, First" (SCORM 1.2 RTE 3.4.4); many courses greet with what follows the comma."""
    if learner.family_name and learner.given_name:
        return f"{learner.family_name}, {learner.given_name}"
    name = (learner.name or learner.family_name or learner.given_name).strip()
    first, space, last = name.rpartition(" ")
    return f"{last}, {first.strip()}" if space and "," not in name else name


def _needed(name: str) -> bool:
    """Interactions cannot be read back: the browser needs only their types, which later answers depend on."""
    return not name.startswith(_WRITE_ONLY_RECORDS) or name.endswith(".type")
