"""What makes an app of its own affordable for each of a thousand tests."""

import gc
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

from argon2.profiles import CHEAPEST
from flask import Flask
from sqlalchemy import Dialect, Engine, event
from werkzeug.routing import Rule

from passback.db import db, engine
from passback.lti import keys
from passback.staff import service

REAL_PASSWORD_HASHING = service.PASSWORD_HASHING
REAL_SQLITE_PRAGMAS = engine.SQLITE_PRAGMAS


def spare_what_is_the_same_for_all() -> None:
    """Make once what would be made again for each app of each test."""
    wait_for_no_disk()
    hash_passwords_cheaply()
    reuse_key_pairs()
    compile_routes_once()
    compile_statements_once()


def collect_garbage_less_often() -> None:
    """Look for garbage only among what tests make, and in larger portions: it took a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


def wait_for_no_disk() -> None:
    """Let SQLite's commits go without waiting for the disk: tests kill processes, none cuts the power."""
    engine.SQLITE_PRAGMAS = (*REAL_SQLITE_PRAGMAS, "PRAGMA synchronous=OFF")


def hash_passwords_cheaply() -> None:
    """Spare tests the cost that is there to slow down who guesses passwords."""
    service.PASSWORD_HASHING = CHEAPEST


def reuse_key_pairs() -> None:
    """Let the tool's installations take their key pairs from a ring of eight, the next one each time."""
    real, numbers = keys.new_pair, count()
    make = cache(lambda _number: real())
    keys.new_pair = lambda: make(next(numbers) % 8)


def compile_routes_once() -> None:
    """Keep what Werkzeug makes of a route to build its URLs, as long as the tests run.

    It writes and compiles a Python function for each route of each app, three quarters of the time that making an app
    takes (Werkzeug 3.1). Without defaults the function depends on the route's text alone.
    """
    real = Rule._compile_builder
    made: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}

    def compile_builder(rule: Any, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        if rule.defaults:
            return real(rule, append_unknown)
        key = (rule.rule, *rule._trace, append_unknown)
        if key not in made:
            made[key] = real(rule, append_unknown)
        return made[key]

    Rule._compile_builder = compile_builder  # type: ignore[method-assign]


def compile_statements_once() -> None:
    """Share among the apps of a run what SQLAlchemy makes of statements; each engine has a cache of its own otherwise.

    The cache is by dialect, so that engines of one kind share that, too: the first one that was ever connected.
    """
    real = db._make_engine
    dialects: dict[str, Dialect] = {}
    compiled: dict[object, object] = {}

    def make_engine(bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        made = real(bind_key, options, app)
        name = made.dialect.name
        if name in dialects:
            made.dialect = dialects[name]
            made.update_execution_options(compiled_cache=compiled)
        else:
            event.listen(made, "first_connect", lambda *_: dialects.setdefault(name, made.dialect))
        return made

    db._make_engine = make_engine  # type: ignore[method-assign]
