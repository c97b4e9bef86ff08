"""Sessions that see one tenant. The only way to the database: `tenant_session`, or `unscoped` with a reason.

Every statement on a tenant's session is scoped by the data layer itself; what the data layer cannot scope (Core,
text, `from_statement`, bulk by key, the bare connection) is refused. `docs/decisions/0002-tenancy.md` says why.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from functools import cached_property
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from flask import current_app
from sqlalchemy import Connection, Engine, event, inspect, text
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption

from passback.db.base import TenantScoped, db
from passback.db.engine import WRITES

SessionT = TypeVar("SessionT", bound=Session)

_open_write: ContextVar[bool] = ContextVar("passback_open_write", default=False)


class TenancyError(RuntimeError):
    """A statement or a row reached for data that this session's tenant does not own. A fault of the code."""


class TransactionError(RuntimeError):
    """A transaction was used in a way that could lose or block data. A fault of the code."""


class Unscoped(StrEnum):
    """Why a session may see every tenant. Who may use which reason is held by `tests/unit/db/test_unscoped.py`."""

    LOGIN = "login: the tenant is what is being found out"
    REGISTRATION = "registration: platforms are shared by tenants"
    DELIVERY_CLAIMS = "delivery claims: one queue serves all tenants"
    SCHEDULER = "scheduler: jobs run for all tenants"
    INSTALLATION = "installation: staff, tenants, keys and settings belong to nobody else"
    HEALTH = "health: is the database there at all"


class UnscopedSession(Session):
    """A session that sees every tenant's rows. Flushes never invent a tenant."""


class TenantSession(Session):
    """A session of one tenant, from its first statement to its end."""

    def __init__(self, tenant_id: UUID, *, writes: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._tenant_id = tenant_id
        self.writes = writes
        self._connection: Connection | None = None

    @property
    def tenant_id(self) -> UUID:
        """The tenant whose rows this session sees; there is no setter on purpose."""
        return self._tenant_id

    @cached_property
    def only_own(self) -> ExecutableOption:
        """What scopes every statement of this session."""
        tenant_id = self._tenant_id
        return with_loader_criteria(
            TenantScoped, lambda cls: cls.tenant_id == tenant_id, include_aliases=True, propagate_to_loaders=True
        )

    def connection(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TenancyError("a tenant's session does not hand out its connection: statements on it are not scoped")

    def scoped_connection(self) -> Connection:
        """Return the connection for `passback.db.held`, whose statements hold the scope themselves; for nobody else."""
        if self._connection is None:
            self._connection = Session.connection(self)
        return self._connection

    def _refuse_bulk(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TenancyError("bulk operations bypass the tenant's scope; add objects to the session instead")

    bulk_save_objects = _refuse_bulk
    bulk_insert_mappings = _refuse_bulk
    bulk_update_mappings = _refuse_bulk


@contextmanager
def tenant_session(tenant_id: UUID, *, write: bool = False) -> Iterator[TenantSession]:
    """Open a transaction that sees one tenant; it commits at the end of a `write` block and never otherwise.

    Args:
        tenant_id: the tenant.
        write: take the write lock at once (SQLite) and allow flushing.

    Raises:
        TransactionError: a write block inside a write block; it would wait for itself.
    """
    with _transaction(write) as bind:
        session = TenantSession(tenant_id, writes=write, bind=bind, expire_on_commit=False)
        yield from _run(session, write=write, tenant_id=tenant_id)


@contextmanager
def unscoped(reason: Unscoped, *, write: bool = False) -> Iterator[UnscopedSession]:
    """Open a transaction that sees every tenant, for one of the listed reasons only."""
    if not isinstance(reason, Unscoped):
        raise TenancyError("unscoped() takes one of the reasons listed in Unscoped")
    with _transaction(write) as bind:
        yield from _run(UnscopedSession(bind=bind, expire_on_commit=False), write=write)


def in_write_transaction() -> bool:
    """True while this thread holds a write transaction; no network call may be made then."""
    return _open_write.get()


@contextmanager
def _transaction(write: bool) -> Iterator[Any]:
    if not write:
        yield db.engine
        return
    if _open_write.get():
        raise TransactionError("a write transaction is open already in this thread; pass its session along")
    mark = _open_write.set(True)
    try:
        yield _writing(db.engine)
    finally:
        _open_write.reset(mark)


def _writing(engine: Engine) -> Engine:
    """Return the engine whose transactions write; one per engine, since making it costs as much as a query."""
    kept: dict[Engine, Engine] = current_app.extensions.setdefault("passback.writers", {})
    if engine not in kept:
        kept[engine] = engine.execution_options(**{WRITES: True})
    return kept[engine]


def _run(session: SessionT, *, write: bool, tenant_id: UUID | None = None) -> Iterator[SessionT]:
    with session:
        if tenant_id is not None and db.engine.dialect.name == "postgresql":
            setting = text("SELECT set_config('passback.tenant_id', :tenant, true)")
            Session.connection(session).execute(setting, {"tenant": str(tenant_id)})
        yield session
        if write:
            session.commit()


@event.listens_for(TenantSession, "do_orm_execute")
def _scope(state: ORMExecuteState) -> None:
    session = state.session
    assert isinstance(session, TenantSession)  # noqa: S101 - the listener is registered on that class
    if not state.is_orm_statement:
        raise TenancyError("Core and text statements cannot be scoped to the tenant; use mapped classes")
    if state.is_from_statement:
        raise TenancyError("from_statement() cannot be scoped to the tenant")
    if state.is_insert or (state.is_update and isinstance(state.parameters, list)):
        raise TenancyError("bulk statements bypass the tenant's scope; add objects to the session instead")
    if (state.is_update or state.is_delete) and not session.writes:
        raise TransactionError("this transaction was opened for reading")
    if state.is_update and _sets_tenant(state.statement):
        raise TenancyError("a row never moves to another tenant")
    state.statement = state.statement.options(session.only_own)


def _sets_tenant(statement: Any) -> bool:
    columns = getattr(statement, "_values", None) or {}
    return any(getattr(column, "key", column) == "tenant_id" for column in columns)


@event.listens_for(TenantSession, "before_flush")
def _stamp(session: TenantSession, _context: UOWTransaction, _instances: object) -> None:
    changed = [*session.new, *session.dirty, *session.deleted]
    if changed and not session.writes:
        raise TransactionError("this transaction was opened for reading")
    for row in changed:
        if not isinstance(row, TenantScoped):
            continue
        if row.tenant_id is None and row in session.new:
            row.tenant_id = session.tenant_id
        history = inspect(row).attrs.tenant_id.history
        if row.tenant_id != session.tenant_id or (history.deleted and history.deleted != [session.tenant_id]):
            raise TenancyError(f"a {type(row).__name__} of another tenant was about to be written")
