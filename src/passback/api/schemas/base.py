"""What all shapes have in common."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PlainSerializer

Instant = Annotated[
    datetime,
    PlainSerializer(datetime.isoformat, return_type=str, when_used="json"),
    Field(json_schema_extra={"format": "date-time"}),
]
"""A moment with its zone, ISO 8601."""
Share = Annotated[float, Field(ge=0, le=1)]
"""A part of a whole, 0..1."""


class Shape(BaseModel):
    """A shape is made, sent and never changed; a field that nobody knows is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def as_json(self) -> dict[str, JsonValue]:
        """Return plain data, fields in the order in which they are declared."""
        return self.model_dump(mode="json")
