"""The picker as an instructor uses it."""

import json
import re
from typing import Any, cast

from joserfc import jws
from pydantic import JsonValue

from passback.sandbox import drive
from passback.testing.certification.bench import Bench

FIELDS = {
    "action": "choose",
    "counts": "score",
    "points": "100",
    "pass_mark": "",
    "which_attempt": "best",
    "max_attempts": "0",
}


def pick(bench: Bench, reply: drive.Reply, **fields: Any) -> drive.Reply:
    """Open the picker that a deep linking launch led to, choose the first course and send the form.

    Args:
        fields: other values of the form; `course` may be a list.
    """
    bench.expect(reply.status == 303, f"the picker opens (answered {reply.status})")
    page = drive.send(bench.client, "GET", reply.location)
    courses = re.findall(r'name="course" value="([^"]+)"', page.text)
    bench.expect(courses, "a course to choose")
    answer = bench.client.post(reply.location, data={**FIELDS, "course": courses[0], **fields})
    return drive.Reply(answer.status_code, reply.location, dict(answer.headers), answer.text, answer)


def answer_token(reply: drive.Reply) -> str:
    """Return the token that the picker has the browser post to the platform."""
    return next((form.fields["JWT"] for form in reply.forms() if "JWT" in form.fields), "")


def answer_claims(reply: drive.Reply) -> dict[str, JsonValue]:
    """Return what it says, unverified."""
    payload = jws.extract_compact(answer_token(reply).encode()).payload
    return cast("dict[str, JsonValue]", json.loads(payload))
