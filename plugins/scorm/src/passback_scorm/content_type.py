"""SCORM as a content type of Passback."""

from typing import TYPE_CHECKING

from pydantic import BaseModel

from passback.plugin import (
    AttemptReport,
    Detection,
    ImportContext,
    ImportedContent,
    JsonObject,
    LaunchContext,
    PackageReader,
    PlayerPage,
    RuntimeEvent,
    State,
    StateKey,
    Transition,
)
from passback_scorm import runtime
from passback_scorm.boot import bootstrap
from passback_scorm.importing import detect, import_course
from passback_scorm.report import attempt_report
from passback_scorm.settings import ScormSettings
from passback_scorm.unit import only_unit

if TYPE_CHECKING:
    from flask import Blueprint

SCRIPTS = ("rules.js", "datamodel.js", "recorder.js", "api.js", "scorm12.js")


class ScormContentType:
    """SCORM 1.2 courses of one unit."""

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

    def scopes(self, event: RuntimeEvent, content: JsonObject) -> frozenset[StateKey]:  # noqa: ARG002
        """Name the one SCO's cell, whatever the event."""
        return frozenset({runtime.CELL})

    def launch_scopes(self) -> frozenset[StateKey]:
        """Name the one SCO's cell."""
        return frozenset({runtime.CELL})

    def apply(self, state: State, event: RuntimeEvent) -> Transition:
        """Return what the event changes."""
        return runtime.apply(state, event)

    def launch(self, context: LaunchContext) -> PlayerPage:
        """Furnish the player with the run-time API and everything the SCO may read."""
        unit = only_unit(context.state.content)
        settings = runtime.course_settings(context.state)
        return PlayerPage(SCRIPTS, bootstrap(context), unit.href, unit.id, full_window=settings.full_window)

    def routes(self) -> "Blueprint | None":
        """Return None: everything goes through the pipeline."""
        return None

    def report(self, state: State) -> AttemptReport:
        """Return the attempt in SCORM's own words."""
        return attempt_report(state)
