"""What an LMS sends to `/lti/login` and `/lti/launch`, read byte for byte and bounded."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from passback.lti.errors import MessageMalformedError, MessageTooLargeError

MAX_BODY_BYTES = 128 * 1024
"""A Moodle launch has 5 kB; Canvas with every claim and long custom values stays below 30 kB."""
MAX_FIELDS = 64
VERBATIM = frozenset({"login_hint", "lti_message_hint"})
"""What goes back to the LMS as it came: bytes that are no UTF-8 survive in these as surrogates."""


def parameters() -> Mapping[str, str]:
    """Return the request's parameters: the query of a GET, the form of a POST.

    Raises:
        MessageMalformedError: a parameter comes twice, or there are too many.
        MessageTooLargeError: the body is above `MAX_BODY_BYTES`.
    """
    request.max_content_length = MAX_BODY_BYTES
    try:
        if request.method == "POST" and request.mimetype == "multipart/form-data":
            pairs = list(request.form.items(multi=True))
        else:
            pairs = _parse(request.query_string if request.method == "GET" else request.get_data(cache=False))
    except RequestEntityTooLarge as error:
        raise MessageTooLargeError from error
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise MessageMalformedError(f"parameter given twice: {name[:40]!r}")
        found[name] = value if name in VERBATIM else value.encode("utf-8", "replace").decode()
    return found


def _parse(raw: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            raw.decode("ascii", "surrogateescape"),
            keep_blank_values=True,
            max_num_fields=MAX_FIELDS,
            errors="surrogateescape",
        )
    except ValueError as error:
        raise MessageMalformedError("too many parameters") from error
