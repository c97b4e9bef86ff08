"""A course to launch: the smallest content type that reports a score, so that no plugin needs to be installed."""

import json
from collections.abc import Iterable

from flask import Blueprint
from pydantic import BaseModel

from passback.plugin import (
    Activity,
    AttemptReport,
    Completion,
    ContentType,
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
    Transition,
    hookimpl,
)

KEY = "certification"
MANIFEST = "certification.json"
SCORE = "certification.score"
FILES = {MANIFEST: json.dumps({"title": "Certification"}), "index.html": "<!doctype html><title>Certification</title>"}


class CertificationSettings(BaseModel):
    """There are none."""


class CertificationContentType:
    """A page that reports one score and is complete with it."""

    key = KEY
    label = "Certification"
    state_version = 1
    settings: type[BaseModel] = CertificationSettings

    def detect(self, package: PackageReader) -> Detection | None:
        """Know the package by its one file."""
        return Detection(90, self.label) if package.find(MANIFEST) else None

    def import_package(self, package: PackageReader, context: ImportContext) -> ImportedContent:  # noqa: ARG002
        """Read the title."""
        title = str(json.loads(package.read(MANIFEST))["title"])
        return ImportedContent(title, (Activity("page", title, "index.html"),), {})

    def scopes(self, event: RuntimeEvent, content: JsonObject) -> frozenset[StateKey]:  # noqa: ARG002
        """Nothing is kept but the outcome."""
        return frozenset()

    def launch_scopes(self) -> frozenset[StateKey]:
        """Nothing is kept but the outcome."""
        return frozenset()

    def apply(self, state: State, event: RuntimeEvent) -> Transition:
        """Take the score."""
        scaled = event.data.get("scaled")
        if event.kind != SCORE or not isinstance(scaled, (int, float)):
            return Transition(state.outcome)
        done: Outcome = state.outcome.with_(
            at=event.at, completion=Completion.COMPLETED, score_scaled=min(1.0, max(0.0, float(scaled))), ended=True
        )
        return Transition(done)

    def launch(self, context: LaunchContext) -> PlayerPage:  # noqa: ARG002
        """Show the page."""
        return PlayerPage((), {}, "index.html", "page")

    def routes(self) -> Blueprint | None:
        """There are none."""
        return None

    def report(self, state: State) -> AttemptReport:
        """Name the score."""
        return AttemptReport(rows=(("Score", str(state.outcome.score_scaled)),))


class CertificationPlugin:
    """The content type as a plugin."""

    @hookimpl
    def register_content_types(self) -> Iterable[ContentType]:
        """Bring the content type."""
        return [CertificationContentType()]
