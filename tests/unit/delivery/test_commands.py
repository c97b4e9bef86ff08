"""`passback deliveries`: what people see and may do on the command line."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from passback.cli.deliveries import deliveries_group
from passback.db import Unscoped, unscoped
from passback.delivery.engine import drain
from passback.delivery.errors import UnknownDeliveryError
from passback.staff.models import AuditEntry
from tests.support.gradebook import Gradebook, Pupil


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    """The application on SQLite: what differs between databases is in `test_ledger.py`."""
    return sqlite_app


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(deliveries_group, list(arguments))
    return result.exit_code, result.output


def test_the_command_lists_in_words_and_in_json(pupils: list[Pupil]) -> None:
    code, text = run("list")
    assert code == 0
    assert "parked: somebody has to look" in text
    assert "to be sent again" in text
    assert "50%" in text
    _code, found = run("list", "--state", "parked", "--json")
    (entry,) = json.loads(found)
    assert entry["id"] == str(pupils[1].delivery().id)
    assert entry["registration"] == str(pupils[1].registration_id)
    assert (entry["state"], entry["reason_class"], entry["scaled"]) == ("parked", "status_422", None)


def test_the_command_shows_every_try(pupils: list[Pupil]) -> None:
    delivery_id = str(pupils[1].delivery().id)
    code, found = run("show", delivery_id, "--json")
    assert code == 0
    (one,) = json.loads(found)["history"]
    assert (one["result"], one["http_status"]) == ("refused", 422)
    assert "status_422" in run("show", delivery_id)[1]
    assert "user-1" not in found


def test_the_command_retries_and_leaves_a_trace(gradebook: Gradebook, pupils: list[Pupil], tenant_id: UUID) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=5), tick=False):
        code, found = run("retry", "--all-parked", "--json")
        assert (code, json.loads(found)) == (0, {"queued": 1})
        drain()
        assert gradebook.values[pupils[1].key] == 0.5
        assert run("retry", str(pupils[2].delivery().id))[0] == 0
        drain()
        assert gradebook.values[pupils[2].key] == 0.5
    with unscoped(Unscoped.INSTALLATION) as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.at)).all()
    assert [(entry.actor, entry.action, entry.tenant_id) for entry in entries] == [
        ("cli", "delivery.sent_again", tenant_id)
    ] * 2


def test_the_command_wants_one_delivery_or_all(pupils: list[Pupil]) -> None:
    assert run("retry")[0] == 2
    assert run("retry", str(pupils[1].delivery().id), "--all-parked")[0] == 2
    result = CliRunner().invoke(deliveries_group, ["show", str(uuid4())])
    assert isinstance(result.exception, UnknownDeliveryError)
