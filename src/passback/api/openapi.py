"""The API's own description (OpenAPI 3.1), made from the shapes and from the routes that there are."""

from pydantic import JsonValue
from pydantic.json_schema import models_json_schema

from passback import __version__
from passback.api.schemas import SHAPES

PATH = "/api/v1/openapi.json"
PROBLEM = "application/problem+json"
_REF = "#/components/schemas/{model}"


def document(url: str) -> dict[str, JsonValue]:
    """Return the description.

    Args:
        url: where the tool is reached.
    """
    _map, schemas = models_json_schema([(shape, "serialization") for shape in SHAPES], ref_template=_REF)
    problem: JsonValue = {
        "description": "What went wrong, whose side it is on and what to do next.",
        "content": {PROBLEM: {"schema": {"$ref": _REF.format(model="Problem")}}},
    }
    itself: JsonValue = {
        "operationId": "describe",
        "summary": "This description.",
        "responses": {
            "200": {"description": "OpenAPI 3.1.", "content": {"application/json": {"schema": {"type": "object"}}}},
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Passback",
            "version": __version__,
            "summary": "Courses, registrations and results, without an LMS.",
        },
        "servers": [{"url": url}],
        "paths": {PATH: {"get": itself}},
        "components": {"schemas": schemas["$defs"], "responses": {"Problem": problem}},
    }
