"""The states of deliveries and the moves between them; the table for people is in `docs/ledger.md`.

Nothing else decides what may follow what: the models' `state` checks every assignment against these tables.
"""

from collections.abc import Mapping

Moves = Mapping[str, frozenset[str]]

ON_ITS_WAY = frozenset({"queued", "sending"})
SENT = frozenset({"accepted", "read_back", "different"})
"""The gradebook service has taken the score; what the gradebook shows is another question."""


class IllegalMoveError(RuntimeError):
    """A delivery was to go from one state to another that does not follow it: a fault of Passback's own."""

    def __init__(self, state: str | None, to: str) -> None:
        super().__init__(f"{state} to {to}")


def _table(**moves: str) -> Moves:
    return {state: frozenset(following.split()) for state, following in moves.items()}


SCORE_MOVES = _table(
    recorded="queued superseded",
    waiting="queued superseded",
    queued="queued sending parked superseded",  # to itself: asked for again, due at once
    sending="sending waiting queued accepted read_back parked superseded",  # to itself: another took it over
    accepted="queued read_back different parked superseded",
    read_back="queued different superseded",
    different="queued read_back parked superseded",
    parked="queued read_back superseded",
    superseded="queued",
)
"""What may follow each state of a score."""

EVENT_MOVES = _table(
    queued="queued sending",
    sending="sending queued delivered parked superseded",
    delivered="queued",
    parked="queued",
    superseded="queued",
)
"""What may follow each state of an event for a listener."""


def checked(moves: Moves, state: str | None, to: str) -> str:
    """Return `to`, where it may follow `state` (None: the row is just being made).

    Raises:
        IllegalMoveError: it may not, or is no state at all.
    """
    if to not in moves or (state is not None and to not in moves[state]):
        raise IllegalMoveError(state, to)
    return to
