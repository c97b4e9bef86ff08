"""Structured logs: an event name with a code and ids, never tokens or personal data."""

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from types import TracebackType
from typing import Any

import structlog
from sqlalchemy.exc import StatementError

PERSONAL = frozenset({"name", "given_name", "family_name", "email", "subject", "user_id", "token", "password"})


def configure_logs(log_format: str) -> None:
    """Send our events and the libraries' warnings to standard error, as JSON lines or for a console."""
    renderer: Any = (
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _drop_personal,
            structlog.processors.ExceptionRenderer(_traceback),
            renderer,
        ],
        # Looked up for each logger, not kept: standard error may be another one by then (a test, a daemon).
        logger_factory=lambda *_args: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")


def _traceback(exc_info: tuple[type[BaseException], BaseException, TracebackType | None]) -> str:
    """Return a traceback, causes first, without what databases say: they quote the row (names, answers, tokens)."""
    lines: list[str] = []
    for one in reversed(list(_with_causes(exc_info[1]))):
        quotes = isinstance(one, StatementError) or type(one).__module__.startswith("psycopg")
        lines += traceback.format_tb(one.__traceback__)
        lines.append(f"{type(one).__qualname__}: {'(left out: it quotes the row)' if quotes else one}\n")
    return "".join(lines).rstrip()


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _drop_personal(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in PERSONAL & event.keys():
        event[key] = "(left out)"
    return event
