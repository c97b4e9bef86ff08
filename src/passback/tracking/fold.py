"""Applies events to state: the only caller of `ContentType.apply`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from passback.plugin import (
    SESSION_ENDED,
    SESSION_STARTED,
    Fact,
    Outcome,
    RuntimeEvent,
    State,
    StateKey,
    TellsActivities,
)
from passback.tracking.courses import Subject
from passback.tracking.outcome import follow, verdict_of
from passback.tracking.state import Cells, storable

log = structlog.get_logger(__name__)


class TransitionError(ValueError):
    """A content type answered with something that cannot be kept. A fault of its plugin."""


@dataclass(frozen=True)
class SaidFact:
    """A fact and the event it came from."""

    fact: Fact
    event: RuntimeEvent


@dataclass
class Fold:
    """Events applied one after another to cells and to what the content says (`live`).

    `activities` is what it says of each activity; None where nobody asks.
    """

    subject: Subject
    cells: Cells
    live: Outcome
    mode: str = "normal"
    facts: list[SaidFact] = field(default_factory=list)
    activities: dict[str, Outcome] | None = None

    def run(self, events: Sequence[RuntimeEvent]) -> None:
        """Apply `events`; all their cells are locked first, in one order.

        An event that the content type cannot digest changes nothing: it stays stored, is logged against the plugin,
        and those after it are not held up by it.
        """
        scopes = {event.sequence: self._scopes(event) for event in events}
        self.cells.load(set().union(*scopes.values()))
        for event in events:
            try:
                self._apply(event, scopes[event.sequence])
            except Exception as error:  # noqa: BLE001 - a plugin's fault must not hold up what follows
                _blame(self.subject, event, error)

    def _scopes(self, event: RuntimeEvent) -> frozenset[StateKey]:
        try:
            scopes = frozenset(self.subject.content_type.scopes(event, self.subject.content))
            if not all(storable(key, {}) for key in scopes):
                raise TransitionError("a key that no database keeps")
        except Exception as error:  # noqa: BLE001 - see run
            _blame(self.subject, event, error)
            return frozenset()
        return scopes

    def _apply(self, event: RuntimeEvent, scopes: Iterable[StateKey]) -> None:
        subject = self.subject
        before = self.live.with_(ended=False) if event.kind == SESSION_STARTED else self.live
        state = State(subject.content, subject.settings, self.mode, before, dict(self.cells.view(scopes)))
        transition = subject.content_type.apply(state, event)
        live = follow(before, transition.outcome)
        if event.kind == SESSION_ENDED:  # core knows itself whether a session is over (Parts.closed)
            live = live.with_(ended=before.ended)
        allowed = set(scopes)
        for key, data in transition.cells.items():
            if key not in allowed:
                raise TransitionError(f"{key} was not among the event's scopes")
            if not storable(key, data):
                raise TransitionError(f"{key} is no plain JSON")
        facts = [SaidFact(fact, event) for fact in transition.facts]
        for key, data in transition.cells.items():
            self.cells.put(key, data)
        self.live = live
        self.facts += facts
        if self.activities is not None and allowed:
            self._ask(self.activities, replace(state, outcome=live, cells=dict(self.cells.view(allowed))), event)

    def _ask(self, known: dict[str, Outcome], state: State, event: RuntimeEvent) -> None:
        """Ask what each activity has come to by this event. An answer that cannot be had leaves what is known."""
        try:
            known |= heard(self.subject, state, known, event)
        except Exception as error:  # noqa: BLE001 - see run
            _blame(self.subject, event, error)


def heard(subject: Subject, state: State, known: Mapping[str, Outcome], event: RuntimeEvent) -> dict[str, Outcome]:
    """Return what each activity of a state has come to, following on what is `known`; time in it is left out."""
    if not isinstance(subject.content_type, TellsActivities):
        return {}
    found = {}
    for name, said in subject.content_type.activity_outcomes(state).items():
        before = known.get(name, Outcome())
        after = follow(before, said).with_(duration_seconds=0.0)
        if event.kind == SESSION_ENDED:  # as for the attempt
            after = after.with_(ended=before.ended)
        same = verdict_of(after) == verdict_of(before)
        found[name] = after.with_(at=before.at if same else event.at)
    return found


def _blame(subject: Subject, event: RuntimeEvent, error: Exception) -> None:
    log.error(
        "tracking.apply_failed",
        content_type=subject.content_type.key,
        session=str(event.session),
        sequence=event.sequence,
        kind=event.kind,
        error=f"{type(error).__name__}: {error}"[:200],
    )
