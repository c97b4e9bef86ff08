"""What went wrong (RFC 9457), as every refusal of the API says it."""

from passback.api.schemas.base import Shape


class Problem(Shape):
    """A refusal: `code` is stable, `title` says what happened, `detail` what to do next, `side` whose side it is on."""

    type: str
    title: str
    detail: str
    status: int
    code: str
    side: str
