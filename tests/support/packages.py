"""Toy courses as packages."""

import json

from passback.testing.packages import make_zip


def toy_package(title: str = "Toy", **files: bytes | str) -> bytes:
    """Return a course of the toy content type; `files` are further ones, `__` in a name standing for a slash."""
    named = {name.replace("__", "/"): data for name, data in files.items()}
    return make_zip({"toy.json": json.dumps({"title": title, "start": "index.html"}), "index.html": "<p>Hi", **named})
