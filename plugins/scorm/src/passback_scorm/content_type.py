"""SCORM as a content type of Passback."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel

from passback.plugin import (
    AttemptReport,
    ContentChange,
    Detection,
    ImportContext,
    ImportedContent,
    JsonObject,
    LaunchContext,
    Outcome,
    PackageReader,
    PlayerPage,
    RuntimeEvent,
    State,
    StateKey,
    Timeline,
    Transition,
)
from passback_scorm import runtime
from passback_scorm.boot import bootstrap, paused
from passback_scorm.comparing import compare
from passback_scorm.importing import detect, import_course
from passback_scorm.report import attempt_report
from passback_scorm.sco import load_sco
from passback_scorm.sequenced import launching
from passback_scorm.sequenced import runtime as sequenced
from passback_scorm.sequenced.course import load_course as load_2004
from passback_scorm.settings import ScormSettings, course_settings
from passback_scorm.several import launching as several_launching
from passback_scorm.several import runtime as several
from passback_scorm.several.course import load_course as load_several
from passback_scorm.timeline import timeline
from passback_scorm.unit import only_unit

if TYPE_CHECKING:
    from flask import Blueprint

SCRIPTS = ("rules.js", "datamodel.js", "calls.js", "recorder.js", "api.js", "scorm12.js", "limits.js")


CALLS = "scorm.calls"
"""Kind of the event that only tells what content called (`timeline`)."""


def is_2004(content: JsonObject) -> bool:
    """Say whether a course is SCORM 2004, so that sequencing leads through it."""
    return str(content.get("edition", "")).startswith("2004")


def has_several(content: JsonObject) -> bool:
    """Say whether a course is SCORM 1.2 of several units."""
    units = content.get("units")
    return isinstance(units, list) and len(units) > 1 and not is_2004(content)


class ScormContentType:
    """SCORM 1.2 courses of one unit, those of several (`several`), and SCORM 2004 courses (`sequenced`)."""

    key = "scorm"
    label = "SCORM"
    state_version = 1
    settings: type[BaseModel] = ScormSettings

    def detect(self, package: PackageReader) -> Detection | None:
        """Claim a package that has an `imsmanifest.xml` and is no Common Cartridge."""
        return detect(package)

    def import_package(self, package: PackageReader, context: ImportContext) -> ImportedContent:  # noqa: ARG002
        """Read the manifest; see `importing.import_course` for what is refused."""
        return import_course(package)

    def compare(self, before: JsonObject, after: JsonObject) -> Sequence[ContentChange]:
        """Return what two versions ask differently of learners."""
        return compare(before, after)

    def scopes(self, event: RuntimeEvent, content: JsonObject) -> frozenset[StateKey]:
        """Name the one SCO's cell, or those of a course of several units."""
        if event.kind == CALLS:
            return frozenset()
        if is_2004(content):
            return sequenced.scopes(event, content)
        return several.scopes(event) if has_several(content) else frozenset({runtime.CELL})

    def launch_scopes(self) -> frozenset[StateKey]:
        """Name the one SCO's cell and those of a course of several units."""
        return frozenset({runtime.CELL}) | launching.launch_scopes()

    def then_scopes(self, state: State) -> frozenset[StateKey]:
        """Name the cell of the activity that is shown."""
        if is_2004(state.content):
            return launching.then_scopes(state)
        return several_launching.then_scopes(state) if has_several(state.content) else frozenset()

    def apply(self, state: State, event: RuntimeEvent) -> Transition:
        """Return what the event changes."""
        if event.kind == CALLS:
            return Transition(state.outcome)
        if is_2004(state.content):
            return sequenced.apply(state, event)
        return several.apply(state, event) if has_several(state.content) else runtime.apply(state, event)

    def launch(self, context: LaunchContext) -> PlayerPage:
        """Furnish the player with the run-time API and everything the SCO may read."""
        if is_2004(context.state.content):
            return launching.launch(context)
        if has_several(context.state.content):
            return several_launching.launch(context)
        unit = only_unit(context.state.content)
        settings = course_settings(context.state)
        return PlayerPage(SCRIPTS, bootstrap(context), unit.href, unit.id, full_window=settings.full_window)

    def routes(self) -> "Blueprint | None":
        """Return None: everything goes through the pipeline."""
        return None

    def report(self, state: State) -> AttemptReport:
        """Return the attempt in SCORM's own words."""
        if is_2004(state.content):
            return launching.report(state)
        return several_launching.report(state) if has_several(state.content) else attempt_report(state)

    def is_paused(self, state: State) -> bool:
        """Say whether content was left with `suspend`, or all of it was suspended, and was not ended since."""
        if is_2004(state.content):
            return load_2004(state).place.paused
        if has_several(state.content):
            return load_several(state).suggestion == "stay"
        return paused(load_sco(state.cells.get(runtime.CELL)))

    def report_scopes(self, state: State) -> frozenset[StateKey]:
        """Name the cells of the activities that there is something to tell of."""
        if is_2004(state.content):
            return launching.report_scopes(state)
        return several_launching.report_scopes(state) if has_several(state.content) else frozenset()

    def activity_outcomes(self, state: State) -> Mapping[str, Outcome]:
        """Return what each unit that was opened has come to; none in a course of one unit."""
        if is_2004(state.content):
            return sequenced.activity_outcomes(state)
        return several.activity_outcomes(state) if has_several(state.content) else {}

    def timeline(self, events: Sequence[RuntimeEvent], content: JsonObject) -> Timeline:
        """Tell what content called, and what to make of it."""
        return timeline(events, content)
