"""A gradebook for the app, and deliveries without jitter."""

from dataclasses import replace
from uuid import UUID

import pytest
from flask import Flask

from passback.delivery.engine import drain
from passback.delivery.room import room_of
from tests.support.gradebook import Gradebook, Pupil, enrol, use_gradebook

DAY = 86400.0
"""As the longest wait between two tries: three days of failures are soon over, `test_policy.py` has the real figure."""


@pytest.fixture
def gradebook(app: Flask) -> Gradebook:
    """The gradebook that the app sends to; waits are exact."""
    without_jitter(app)
    return use_gradebook(app)


def without_jitter(app: Flask, **changes: float) -> None:
    """Make waits exact and change other rules of delivery."""
    room = room_of(app)
    room.policy = replace(room.policy, jitter=lambda: 0.0, **changes)  # type: ignore[arg-type]


@pytest.fixture
def pupils(gradebook: Gradebook, tenant_id: UUID) -> list[Pupil]:
    """Five learners: delivered, parked, queued after a failure, waiting, delivered."""
    pupils = [enrol(tenant_id, number) for number in range(5)]
    for pupil, step in zip(pupils, ["ok", 422, 503, None, "ok"], strict=True):
        if step is not None:
            gradebook.script.append(step)
            pupil.grade(0.5)
        drain()
    return pupils
