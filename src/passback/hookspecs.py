"""Every hook of the plugin API, version 1. `docs/plugins/hooks.md` shows each with an example."""

from collections.abc import Iterable

import pluggy
from click import Command
from flask import Blueprint, Flask

from passback.plugin import (
    ContentType,
    Event,
    GradePolicy,
    HealthCheck,
    Job,
    LmsProfile,
    NavItem,
    Outcome,
    SampleCourse,
    Storage,
)

hookspec = pluggy.HookspecMarker("passback")


@hookspec
def register_content_types() -> Iterable[ContentType]:  # type: ignore[empty-body]
    """Return the kinds of course that this plugin imports, plays and understands."""


@hookspec
def sample_courses() -> Iterable[SampleCourse]:  # type: ignore[empty-body]
    """Return courses to try the player with; `passback demo` imports them."""


@hookspec
def register_blueprints() -> Iterable[Blueprint]:  # type: ignore[empty-body]
    """Return routes of the app host; core mounts them below `/p/<plugin>/`."""


@hookspec
def register_commands() -> Iterable[Command]:  # type: ignore[empty-body]
    """Return commands (or groups of them) for the `passback` command line."""


@hookspec
def register_grade_policies() -> Iterable[GradePolicy]:  # type: ignore[empty-body]
    """Return ways to turn outcomes into grades; instructors choose among them."""


@hookspec
def register_health_checks() -> Iterable[HealthCheck]:  # type: ignore[empty-body]
    """Return checks for `/readyz` and `passback doctor`."""


@hookspec
def register_jobs() -> Iterable[Job]:  # type: ignore[empty-body]
    """Return jobs to run at intervals, once per installation."""


@hookspec
def register_lms_profiles() -> Iterable[LmsProfile]:  # type: ignore[empty-body]
    """Return how LMS products differ from the standard."""


@hookspec(firstresult=True)
def open_storage(url: str) -> Storage | None:
    """Return storage for `url`, or None where its scheme is another plugin's."""


@hookspec
def outcome_adjust(outcome: Outcome, settings: dict[str, object]) -> Outcome | None:
    """Return a changed outcome before grading, or None. Pure: same input, same output."""


@hookspec
def on_event(event: Event) -> None:
    """React to an event. Called from the outbox, in order per registration; an exception retries this plugin alone."""


@hookspec
def nav_items() -> Iterable[NavItem]:  # type: ignore[empty-body]
    """Return entries for the administrators' menu."""


@hookspec
def startup(app: Flask) -> None:
    """Run once when the app is made, after every plugin is loaded."""


@hookspec
def shutdown(app: Flask) -> None:
    """Run once when the process ends."""
