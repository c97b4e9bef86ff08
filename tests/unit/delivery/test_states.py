"""What may follow each state: every legal move, every illegal one, and the table in the docs, which says the same."""

import ast
import re
from itertools import product
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

import passback
from passback.db import tenant_session
from passback.delivery.models import EventDelivery, ScoreDelivery
from passback.delivery.states import EVENT_MOVES, SCORE_MOVES, IllegalMoveError, Moves
from passback.delivery.words import STATES
from tests.support.gradebook import Gradebook, enrol
from tests.support.rows import make_row

SOURCE = Path(passback.__file__).parent
DOCUMENT = SOURCE.parents[1] / "docs" / "ledger.md"
KINDS: dict[type[ScoreDelivery] | type[EventDelivery], Moves] = {
    ScoreDelivery: SCORE_MOVES,
    EventDelivery: EVENT_MOVES,
}
LEGAL = [(kind, state, to) for kind, moves in KINDS.items() for state in moves for to in sorted(moves[state])]
ILLEGAL = [
    (kind, state, to)
    for kind, moves in KINDS.items()
    for state, to in product(moves, [*moves, "sent", ""])
    if to not in moves[state]
]


@pytest.mark.parametrize(("kind", "state", "to"), LEGAL)
def test_a_legal_move(kind: type[ScoreDelivery], state: str, to: str) -> None:
    row = kind(state=state)
    row.state = to
    assert row.state == to


@pytest.mark.parametrize(("kind", "state", "to"), ILLEGAL)
def test_an_illegal_move(kind: type[ScoreDelivery], state: str, to: str) -> None:
    row = kind(state=state)
    with pytest.raises(IllegalMoveError, match=f"{state} to {to}"):
        row.state = to
    assert row.state == state


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_is_made_in_a_state_that_exists(kind: type[ScoreDelivery]) -> None:
    with pytest.raises(IllegalMoveError):
        kind(state="lost")


def test_a_row_from_the_database_is_checked_too(tenant_id: UUID) -> None:
    with tenant_session(tenant_id, write=True) as session:
        row_id = make_row(session, ScoreDelivery, tenant_id, state="parked").id
    with tenant_session(tenant_id, write=True) as session:
        row = session.scalars(select(ScoreDelivery).where(ScoreDelivery.id == row_id)).one()
        session.expire(row)
        with pytest.raises(IllegalMoveError):
            row.state = "accepted"


def test_a_row_begins_as_recorded(gradebook: Gradebook, tenant_id: UUID) -> None:
    pupil = enrol(tenant_id, launched=False)
    with tenant_session(tenant_id, write=True) as session:
        made = make_row(session, ScoreDelivery, tenant_id, registration_id=pupil.registration_id)
        assert made.state == "recorded"


def test_no_statement_sets_a_state_behind_the_models_back() -> None:
    found = [
        file.name
        for file in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "values"
        and "Delivery" in ast.unparse(node.func)
        and any(word.arg == "state" for word in node.keywords)
    ]
    assert found == []


def test_every_state_has_words_and_can_be_left() -> None:
    for moves in KINDS.values():
        assert set(moves) <= set(STATES)
        assert all(following - {state} for state, following in moves.items())


@pytest.mark.parametrize(("heading", "moves"), [("Scores", SCORE_MOVES), ("Events", EVENT_MOVES)])
def test_the_table_in_the_docs_is_the_one_that_holds(heading: str, moves: Moves) -> None:
    part = DOCUMENT.read_text("utf-8").partition(f"### {heading}\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|", part, re.MULTILINE)
    assert {state: frozenset(re.findall(r"`(\w+)`", following)) for state, following in rows} == moves
