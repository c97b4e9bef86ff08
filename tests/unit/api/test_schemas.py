"""The API's shapes, made of rows that the pipeline wrote, and the description that is made of the shapes."""

import json
import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from passback.api import schemas
from passback.api.openapi import document
from passback.api.schemas.base import Shape
from passback.content.models import Course, CourseVersion
from passback.db import Unscoped, tenant_session, unscoped
from passback.delivery import ledger, owed
from passback.delivery.models import ScoreDelivery
from passback.tenants import ensure_tenant
from passback.tracking.errors import RegistrationUnknownError
from passback.tracking.models import Placement, Registration
from passback.tracking.report import registration_report
from tests.support.gradebook import use_gradebook
from tests.support.play import Desk, add_desk, page, score

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")


@pytest.fixture
def desk(sqlite_app: Flask, sqlite_tenant: UUID) -> Desk:
    """A learner who has played a course, with a warning, and is owed a grade."""
    use_gradebook(sqlite_app)
    desk = add_desk(sqlite_tenant, pass_mark=0.5)
    with tenant_session(sqlite_tenant, write=True) as session:
        version = session.scalars(select(CourseVersion)).one()
        version.warnings = [{"code": "odd", "message": "Odd.", "severity": "note"}]
        owed.expect_score(
            session,
            registration_id=desk.registration_id,
            sender="gradebook",
            destination="lms",
            line_item="https://lms.test/items/1",
            user_id="u",
        )
    desk.send(desk.open(), [page(1, 1, of=1), score(2, 0.8)], leaving=True)
    return desk


def shapes(desk: Desk) -> dict[str, Shape]:
    """Return one of each, made of the desk's rows."""
    with tenant_session(desk.tenant_id) as session:
        report = registration_report(session, desk.registration_id)
        course, version = session.scalars(select(Course)).one(), session.scalars(select(CourseVersion)).one()
        (entry,) = ledger.list_deliveries(session)
        assert report.grade
        return {
            "Course": schemas.course_of(course, version),
            "Placement": schemas.placement_of(session.scalars(select(Placement)).one()),
            "Registration": schemas.registration_of(session.scalars(select(Registration)).one()),
            "RegistrationReport": schemas.report_of(report),
            "Attempt": schemas.attempt_of(report.attempts[0], desk.registration_id),
            "Grade": schemas.grade_of(report.grade, desk.registration_id),
            "Delivery": schemas.delivery_of(entry),
        }


def test_shapes_say_what_the_rows_say(desk: Desk) -> None:
    made = {name: shape.as_json() for name, shape in shapes(desk).items()}
    assert made["Course"]["title"] == "A toy"
    assert made["Course"]["version"] == 1
    assert made["Course"]["activities"] == [{"id": "toy", "title": "A toy", "tracked": True, "children": []}]
    (warning,) = made["Course"]["warnings"]  # type: ignore[misc,union-attr]
    assert (warning["code"], warning["severity"], warning["certain"]) == ("odd", "note", True)  # type: ignore[index,call-overload]
    assert (made["Placement"]["kind"], made["Placement"]["pass_mark"]) == ("direct", 0.5)
    assert (made["Attempt"]["number"], made["Attempt"]["score_scaled"], made["Attempt"]["success"]) == (
        1,
        0.8,
        "passed",
    )
    assert (made["Grade"]["scaled"], made["Grade"]["final"]) == (0.8, True)
    assert (made["Delivery"]["state"], made["Delivery"]["tries"]) == ("queued", 0)
    known = {made[name]["registration"] for name in ("Attempt", "Grade", "Delivery", "RegistrationReport")}
    assert known == {made["Registration"]["id"]} == {str(desk.registration_id)}
    assert {made["Registration"]["course"], made["Placement"]["course"]} == {made["Course"]["id"]}


def test_the_first_fields_of_a_report_are_fixed(desk: Desk) -> None:
    """Design §12: others rely on them."""
    first = list(shapes(desk)["RegistrationReport"].as_json().items())[:6]
    assert [name for name, _value in first] == [
        "completion",
        "success",
        "score_scaled",
        "progress",
        "duration_seconds",
        "attempts",
    ]
    assert dict(first)["attempts"] == 1


def test_every_shape_holds_to_its_own_description(desk: Desk) -> None:
    described: Any = document("https://tool.test")["components"]
    for name, shape in shapes(desk).items():
        said, schema = shape.as_json(), described["schemas"][name]
        assert list(said) == list(schema["properties"])
        assert schema["required"] == list(said), "nothing is left out, what is not known is null"
        assert schema["additionalProperties"] is False
        assert type(shape).model_validate_json(json.dumps(said)) == shape
        for field, value in said.items():
            if field.endswith("_at") and value is not None:
                assert MOMENT.fullmatch(str(value)), f"{name}.{field}: {value}"


def test_ids_tell_nothing_and_no_shape_names_tenant_or_person(desk: Desk) -> None:
    for name, shape in shapes(desk).items():
        said = json.dumps(shape.as_json(), ensure_ascii=False)
        for secret in (str(desk.tenant_id), desk.tenant_id.hex, "Zoë", '"u"', "tenant", "sha256", "https://lms.test"):
            assert secret not in said, f"{name}: {secret}"
        for value in (shape.as_json().get("id"), shape.as_json().get("registration")):
            assert value is None or UUID(str(value)).version == 7


def test_another_tenant_gets_none_of_it(desk: Desk) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        other = ensure_tenant(session, "other").id
    with tenant_session(other) as session:
        assert ledger.list_deliveries(session) == []
        assert session.scalars(select(ScoreDelivery)).all() == []
        with pytest.raises(RegistrationUnknownError):
            registration_report(session, desk.registration_id)


@pytest.fixture
def program(sqlite_app: Flask) -> FlaskClient:
    """A program that asks the API."""
    return sqlite_app.test_client()


def test_the_description_is_there_and_whole(program: FlaskClient) -> None:
    answer = program.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    found: Any = answer.get_json()
    assert found["openapi"] == "3.1.0"
    assert found["servers"] == [{"url": "http://localhost:8000"}]
    names = {shape.__name__ for shape in schemas.SHAPES}
    assert names <= set(found["components"]["schemas"])
    for reference in set(re.findall(r'"\$ref": ?"#/([^"]+)"', json.dumps(found))):
        part = found
        for step in reference.split("/"):
            part = part[step]
        assert part


def test_every_route_is_described_and_the_other_way_round(sqlite_app: Flask) -> None:
    routed = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in sqlite_app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    paths: Any = document("https://tool.test")["paths"]
    assert routed == {(path, method) for path, methods in paths.items() for method in methods}


@pytest.mark.parametrize("accept", ["text/html", "application/json", "*/*"])
def test_refusals_are_problems_whatever_is_accepted(program: FlaskClient, accept: str) -> None:
    for answer in (
        program.get("/api/v1/nothing", headers={"Accept": accept}),
        program.post("/api/v1/openapi.json", headers={"Accept": accept}),
    ):
        assert answer.mimetype == "application/problem+json"
        problem = schemas.Problem.model_validate(answer.get_json())
        assert problem.status == answer.status_code
        assert problem.code == f"http_{answer.status_code}"
