"""Logs: events with codes and ids, never names, answers or tokens."""

import json
from uuid import UUID

import pytest
import structlog
from flask import Flask
from sqlalchemy.exc import IntegrityError

from passback.db import tenant_session
from passback.logs import configure_logs
from passback.tracking.models import Learner

log = structlog.get_logger(__name__)


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


def test_what_is_personal_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    log.info("learner.seen", name="Zoë", email="zoe@example.org", token="secret", code="K7")
    (line,) = logged(capsys)
    assert (line["event"], line["code"], line["name"]) == ("learner.seen", "K7", "(left out)")
    assert "zoe" not in json.dumps(line)
    assert "secret" not in json.dumps(line)


def test_a_database_that_refuses_a_row_tells_the_log_nothing_of_it(
    app: Flask, tenant_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs("json")
    twice = [Learner(source="lti:1", subject="zoe-1", name="Zoë Ångström") for _ in range(2)]
    with pytest.raises(IntegrityError) as refused, tenant_session(tenant_id, write=True) as session:
        session.add_all(twice)
    assert "Zoë" not in str(refused.value)
    try:
        raise RuntimeError("could not be stored") from refused.value
    except RuntimeError:
        log.exception("request.fault")
    (line,) = logged(capsys)
    assert "RuntimeError: could not be stored" in line["exception"]
    assert "test_logs.py" in line["exception"], "where it happened is there"
    assert "IntegrityError" in line["exception"]
    assert "zoe-1" not in line["exception"]


def test_a_faults_own_words_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    try:
        raise ValueError("two plugins are called outside")
    except ValueError:
        log.exception("plugin.failed")
    (line,) = logged(capsys)
    assert line["exception"].endswith("ValueError: two plugins are called outside")
