"""Who may see every tenant, and why: a module that is not listed here opens no unscoped session (design §11)."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import passback
from passback.db import TenancyError, Unscoped, unscoped

SOURCE = Path(passback.__file__).parent
PLUGINS = SOURCE.parents[1] / "plugins"

ALLOWED: dict[Unscoped, set[str]] = {
    Unscoped.LOGIN: {
        "lti/browser_reports.py",  # a launch's record, by the ticket of its own page
        "lti/deep_linking.py",  # a picker's token says whose it is
        "lti/launch.py",
        "lti/login.py",
        "lti/lost_logins.py",
        "lti/notices.py",  # whose deployment a notice is of
        "lti/records.py",  # refusals, before any tenant is known
    },
    Unscoped.REGISTRATION: {
        "cli/diagnose.py",
        "cli/platform_add.py",
        "cli/platform_change.py",
        "cli/platforms.py",
        "lti/diagnosis.py",
        "lti/registration.py",
        "lti/registration_changes.py",
        "lti/registration_routes.py",
    },
    Unscoped.DELIVERY_CLAIMS: {"delivery/claims.py", "delivery/scores.py"},
    Unscoped.SCHEDULER: {
        "content/storing.py",
        "delivery/jobs.py",
        "delivery/purge.py",
        "lti/diagnosis_jobs.py",
        "lti/key_jobs.py",
        "lti/reconciliation_jobs.py",
        "lti/roster_jobs.py",
        "lti/subscribing.py",
        "tracking/ending.py",
    },
    Unscoped.HEALTH: {"cli/inspection.py", "delivery/builtin.py", "web/health.py"},
    Unscoped.INSTALLATION: {
        "cli/demo.py",
        "cli/keys.py",
        "cli/plugins.py",
        "cli/run.py",
        "cli/tenants.py",
        "cli/users.py",
        "lti/keys.py",
        "lti/routes.py",
        "lti/service_clock.py",
        "lti/tokens.py",
        "plugins/mounting.py",
        "web/admin.py",
        "web/auth.py",
        "web/course_versions.py",
        "web/connect.py",
        "web/courses.py",
        "web/frame.py",
        "web/launches.py",
        "web/platform_change.py",
        "web/platform_page.py",
        "web/platforms.py",
        "web/room.py",
        "web/sign_in.py",
        "testing/certification/bench.py",  # a scratch installation of its own
        "testing/certification/odd_claims.py",
    },
}

BARE: dict[str, set[str]] = {
    # Only to migrate, to ask for the revision, and to close connections around a fork.
    "engine": {
        "cli/db.py",
        "cli/demo.py",
        "cli/inspection.py",
        "cli/plugins.py",
        "cli/run.py",
        "delivery/engine.py",
        "testing/certification/installation.py",
        "web/health.py",
    },
    # Statements that carry their tenant themselves; each of the two checks that when it prepares one.
    "scoped_connection": {"db/held.py", "db/prepared.py"},
    "UnscopedSession": {"db/prepared.py", "lti/lost_logins.py"},  # as a type, never made
}
"""Names that lead round the scope, and who may use them outside of `db/__init__.py`, `engine.py` and `tenancy.py`."""
WORDS = ("unscoped", "Unscoped", *BARE)
THE_DOOR = {"db/__init__.py", "db/base.py", "db/engine.py", "db/migrate.py", "db/tenancy.py"}


@cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    """Return core's modules by their path below `passback/`, plugins' by their path below `plugins/`.

    Only those whose text has one of the words at all: to parse every module takes seconds.
    """
    files = {file.relative_to(SOURCE).as_posix(): file for file in SOURCE.rglob("*.py")}
    files |= {file.relative_to(PLUGINS).as_posix(): file for file in PLUGINS.glob("*/src/**/*.py")}
    texts = {name: files[name].read_text("utf-8") for name in sorted(files.keys() - THE_DOOR)}
    return tuple((name, ast.parse(text)) for name, text in texts.items() if any(word in text for word in WORDS))


def reasons(tree: ast.Module) -> Iterator[str]:
    """Yield the reason of every call of `unscoped`, "?" where it cannot be read from the code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "unscoped":
            reason = node.args[0] if node.args else None
            known = isinstance(reason, ast.Attribute) and _name(reason.value) == "Unscoped"
            yield reason.attr if known and isinstance(reason, ast.Attribute) else "?"


def uses(tree: ast.Module, name: str) -> bool:
    """Say whether a module mentions a name, as an attribute of `db` or the session, or by itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == name and (name != "engine" or _name(node.value) == "db"):
            return True
        if name != "engine" and isinstance(node, ast.Name) and node.id == name:
            return True
    return False


def renamed(tree: ast.Module) -> bool:
    """Say whether `unscoped` or `Unscoped` gets another name, by which this test would not know it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(
            alias.name in {"unscoped", "Unscoped"} and alias.asname for alias in node.names
        ):
            return True
        if isinstance(node, ast.Assign) and _name(node.value) in {"unscoped", "Unscoped"}:
            return True
    return False


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def test_only_those_listed_see_every_tenant_and_for_their_reason() -> None:
    found = {(reason, name) for name, tree in modules() for reason in reasons(tree)}
    allowed = {(reason.name, name) for reason, names in ALLOWED.items() for name in names}
    assert found - allowed == set(), "a new way to see every tenant: is there no tenant's session for it?"
    assert allowed - found == set(), "no longer used: take it off the list"


def test_no_module_hides_the_door_under_another_name() -> None:
    assert [name for name, tree in modules() if renamed(tree)] == []


@pytest.mark.parametrize("way", sorted(BARE))
def test_only_those_listed_reach_the_bare_connection(way: str) -> None:
    assert {name for name, tree in modules() if uses(tree, way)} == BARE[way]


def test_the_scan_sees_what_it_should() -> None:
    source = "with unscoped(Unscoped.LOGIN): ...\nwith db.unscoped(why): ...\nsee = unscoped\nunscoped()"
    tree = ast.parse(source)
    assert sorted(reasons(tree)) == ["?", "?", "LOGIN"]
    assert renamed(tree)
    assert uses(ast.parse("db.engine.connect()"), "engine")
    assert not uses(ast.parse("delivery.engine.start()"), "engine")


def test_a_reason_of_ones_own_is_refused() -> None:
    with pytest.raises(TenancyError), unscoped("because I want to"):  # type: ignore[arg-type]
        pass
