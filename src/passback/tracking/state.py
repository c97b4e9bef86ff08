"""State cells: what a content type keeps between events, locked in one fixed order."""

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select

from passback.db import JsonObject, TenantSession, held, new_id
from passback.db.held import Prepared
from passback.plugin import Outcome, ReportsActivities, Scope, SeveralActivities, State, StateKey
from passback.tracking.courses import Subject
from passback.tracking.models import Attempt, Learner, StateCell

LONGEST_KEY = 2000


class Cells(Protocol):
    """Where a fold finds its cells and leaves them."""

    def load(self, keys: Iterable[StateKey]) -> None:
        """Fetch (and lock) the cells of `keys`, all of them at once."""
        ...

    def view(self, keys: Iterable[StateKey]) -> Mapping[StateKey, JsonObject]:
        """Return those of the loaded cells that exist."""
        ...

    def put(self, key: StateKey, data: JsonObject) -> None:
        """Replace a loaded cell."""
        ...


_CELL = StateCell.__table__.c
_WANTED = (_CELL.owner_id.in_(bindparam("owners", expanding=True)), _CELL.key.in_(bindparam("keys", expanding=True)))
_LOCKED = Prepared((StateCell,), *_WANTED, order=(_CELL.scope, _CELL.key), lock=True)
_READ = Prepared((StateCell,), *_WANTED)
_LOCKED_ONE = Prepared((StateCell,), _CELL.owner_id == bindparam("owner"), _CELL.key == bindparam("key"), lock=True)
# What nearly every event needs: at most two owners and three names. A list of any length has to be expanded, which
# costs several times what the query does.
_OWNERS, _KEYS = ("owner1", "owner2"), ("key1", "key2", "key3")
_LOCKED_FEW = Prepared(
    (StateCell,),
    _CELL.owner_id.in_([bindparam(one, type_=_CELL.owner_id.type) for one in _OWNERS]),
    _CELL.key.in_([bindparam(one, type_=_CELL.key.type) for one in _KEYS]),
    order=(_CELL.scope, _CELL.key),
    lock=True,
)
_LEARNER = Prepared(
    (Learner,), Learner.__table__.c.id == bindparam("learner"), only={Learner: ("id",)}, lock="key_share"
)


class StoredCells:
    """The cells of an attempt, and of its learner, in the database.

    The cells of attempt and activities are safe under the attempt's lock. Those of the learner are shared with the
    learner's other attempts, and a missing one has no row to lock: the learner's own row is locked instead.
    """

    def __init__(self, session: TenantSession, subject: Subject, attempt: Attempt, *, lock: bool) -> None:
        self._session = session
        self._prefix = f"{subject.content_type.key}:"
        self._version = subject.content_type.state_version
        self._owners = {Scope.LEARNER: subject.learner_id}
        self._attempt_id = attempt.id
        self._lock = lock
        self._rows: dict[StateKey, UUID | None] = {}
        self._data: dict[StateKey, JsonObject] = {}
        self._changed: set[StateKey] = set()
        self._has_learner = not lock

    def load(self, keys: Iterable[StateKey]) -> None:
        wanted = sorted(key for key in keys if key not in self._rows)
        if not wanted:
            return
        if not self._has_learner and any(key.scope is Scope.LEARNER for key in wanted):
            self._lock_learner()
        found = {(row.owner_id, row.scope, row.key): row for row in self._select(wanted)}
        for key in wanted:
            row = found.get(self._address(key))
            self._rows[key] = row.id if row is not None else None
            self._data[key] = row.data if row is not None else {}

    def view(self, keys: Iterable[StateKey]) -> Mapping[StateKey, JsonObject]:
        return {key: self._data[key] for key in keys if self._data.get(key)}

    def put(self, key: StateKey, data: JsonObject) -> None:
        self._data[key] = data
        self._changed.add(key)

    def write(self) -> None:
        """Write what was put, and remove the cells that were only made to be locked."""
        for key in sorted(self._changed):
            owner, scope, name = self._address(key)
            row, values = self._rows.get(key), {"data": self._data[key], "state_version": self._version}
            if row is None:
                row = self._rows[key] = new_id()
                held.add(self._session, StateCell, id=row, owner_id=owner, scope=scope, key=name, **values)
            else:
                held.change(self._session, StateCell, row, **values)
        self._changed.clear()

    def snapshot(self) -> list[JsonObject]:
        """Return every cell of the attempt and its learner (of this content type) as JSON, for a branch."""
        self.write()
        of_learner = and_(
            StateCell.owner_id == self._owners[Scope.LEARNER], StateCell.key.startswith(self._prefix, autoescape=True)
        )
        rows = self._session.execute(
            select(StateCell.scope, StateCell.key, StateCell.data).where(
                or_(StateCell.owner_id == self._attempt_id, of_learner)
            )
        )
        return [
            {"scope": scope, "key": key.removeprefix(self._prefix) if scope == Scope.LEARNER else key, "data": data}
            for scope, key, data in rows
            if data
        ]

    def _address(self, key: StateKey) -> tuple[UUID, str, str]:
        owner = self._owners.get(key.scope, self._attempt_id)
        return owner, str(key.scope), self._prefix + key.key if key.scope is Scope.LEARNER else key.key

    def _select(self, keys: Sequence[StateKey]) -> list[StateCell]:
        addresses = [self._address(key) for key in keys]
        if self._lock and len(addresses) == 1:
            owner, _scope, name = addresses[0]
            return [row for (row,) in _LOCKED_ONE.rows(self._session, owner=owner, key=name)]
        owners = list({owner for owner, _scope, _key in addresses})
        names = list({key for _owner, _scope, key in addresses})
        if self._lock and len(owners) <= len(_OWNERS) and len(names) <= len(_KEYS):
            few = _named(_OWNERS, owners) | _named(_KEYS, names)
            return [row for (row,) in _LOCKED_FEW.rows(self._session, **few)]
        query = _LOCKED if self._lock else _READ
        return [row for (row,) in query.rows(self._session, owners=owners, keys=names)]

    def _lock_learner(self) -> None:
        _LEARNER.rows(self._session, learner=self._owners[Scope.LEARNER])
        self._has_learner = True


def _named(names: Sequence[str], values: Sequence[object]) -> dict[str, object]:
    """Return `values` by the names that a statement has for them; the last one stands for those that are missing."""
    return {name: values[min(n, len(values) - 1)] for n, name in enumerate(names)}


class BranchCells:
    """The cells of a superseded session: those at the moment another took over, and what it has changed since."""

    def __init__(self, cells: Iterable[JsonObject]) -> None:
        self._cells: dict[StateKey, JsonObject] = {}
        for cell in deepcopy(list(cells)):
            data = cell["data"]
            if isinstance(data, dict):
                self._cells[StateKey(Scope(str(cell["scope"])), str(cell["key"]))] = data

    def load(self, keys: Iterable[StateKey]) -> None:
        """Everything is there already."""

    def view(self, keys: Iterable[StateKey]) -> Mapping[StateKey, JsonObject]:
        return {key: self._cells[key] for key in keys if self._cells.get(key)}

    def put(self, key: StateKey, data: JsonObject) -> None:
        self._cells[key] = data

    def to_json(self) -> list[JsonObject]:
        """Return the cells as JSON."""
        return [{"scope": str(key.scope), "key": key.key, "data": data} for key, data in sorted(self._cells.items())]


class ScratchCells:
    """A layer over other cells; what is put into it is forgotten with it."""

    def __init__(self, base: Cells) -> None:
        self._base = base
        self._changed: dict[StateKey, JsonObject] = {}

    def load(self, keys: Iterable[StateKey]) -> None:
        self._base.load(keys)

    def view(self, keys: Iterable[StateKey]) -> Mapping[StateKey, JsonObject]:
        wanted = list(keys)
        below = deepcopy(dict(self._base.view(wanted)))
        return below | {key: self._changed[key] for key in wanted if key in self._changed}

    def put(self, key: StateKey, data: JsonObject) -> None:
        self._changed[key] = data


def load_state(
    session: TenantSession, subject: Subject, attempt: Attempt, *, mode: str = "normal", outcome: Outcome
) -> State:
    """Return what `launch` and `report` may look at (their `launch_scopes`), without locking anything."""
    return seen_by_launch(subject, StoredCells(session, subject, attempt, lock=False), mode=mode, outcome=outcome)


def seen_by_launch(subject: Subject, cells: Cells, *, mode: str, outcome: Outcome) -> State:
    """Return the state with the cells that `launch` asks for, in one step or, with several activities, in two."""
    content_type = subject.content_type
    keys = content_type.launch_scopes()
    cells.load(keys)
    state = State(subject.content, subject.settings, mode, outcome, dict(cells.view(keys)))
    if not isinstance(content_type, SeveralActivities):
        return state
    more = keys | content_type.then_scopes(state)
    cells.load(more)
    return replace(state, cells=dict(cells.view(more)))


def state_for_report(session: TenantSession, subject: Subject, attempt: Attempt, *, outcome: Outcome) -> State:
    """Return what `report` may look at, without locking anything."""
    content_type = subject.content_type
    cells = StoredCells(session, subject, attempt, lock=False)
    state = seen_by_launch(subject, cells, mode="normal", outcome=outcome)
    if not isinstance(content_type, ReportsActivities):
        return state
    keys = frozenset(state.cells) | content_type.report_scopes(state)
    cells.load(keys)
    return replace(state, cells=dict(cells.view(keys)))


def storable(key: StateKey, data: JsonObject) -> bool:
    """Say whether both databases can keep the cell: plain JSON, a key without NUL and lone surrogates."""
    try:
        key.key.encode()
        json.dumps(data, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        return False
    return isinstance(data, dict) and "\0" not in key.key and len(key.key) <= LONGEST_KEY
