"""Every route on both hosts: the content host answers the player, commits and package files, and nothing else."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.routing import AnyConverter, Rule

from passback.hosts import HostSide, sides

APP = "http://localhost:8000"
CONTENT = "http://cabc.localhost:8000"
EVERYWHERE = {"assets", "health"}
"""Blueprints that any host answers: scripts and styles, and health checks by whatever name."""
ON_CONTENT = {"player", "content"}


def rules(app: Flask) -> Iterator[tuple[Rule, str, str]]:
    """Yield each route with its blueprint and a path that matches it."""
    for rule in app.url_map.iter_rules():
        values: dict[str, Any] = {name: _value(rule, name) for name in rule.arguments}
        built = rule.build(values, append_unknown=False)
        assert built is not None, rule
        yield rule, rule.endpoint.rpartition(".")[0], built[1]


def _value(rule: Rule, name: str) -> object:
    converter = rule._converters[name]
    if isinstance(converter, AnyConverter):
        return next(iter(converter.items))
    return {"IntegerConverter": 1, "UUIDConverter": UUID(int=0)}.get(type(converter).__name__, "x")


def test_every_route_belongs_to_a_side(sqlite_app: Flask) -> None:
    for rule, blueprint, _ in rules(sqlite_app):
        assert blueprint.split(".")[0] in sides(sqlite_app), f"{rule} is mounted without passback.hosts.mount"


def test_the_content_host_answers_nothing_but_content(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client(use_cookies=False)
    for rule, blueprint, path in rules(sqlite_app):
        if blueprint in EVERYWHERE | ON_CONTENT:
            continue
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            answer = client.open(f"{CONTENT}{path}", method=method)
            assert answer.status_code == 404, f"{method} {rule} answers {answer.status_code} on the content host"
            assert "Set-Cookie" not in answer.headers, rule


def test_the_app_host_answers_no_content(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client(use_cookies=False)
    found = 0
    for rule, blueprint, path in rules(sqlite_app):
        if blueprint not in ON_CONTENT:
            continue
        found += 1
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            answer = client.open(f"{APP}{path}", method=method)
            assert answer.status_code == 404, f"{method} {rule} answers {answer.status_code} on the app host"
    assert found >= 5


def test_the_content_host_never_sets_a_cookie(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client(use_cookies=False)
    for rule, blueprint, path in rules(sqlite_app):
        if blueprint in EVERYWHERE | ON_CONTENT:
            for method in (rule.methods or set()) - {"OPTIONS"}:
                answer = client.open(f"{CONTENT}{path}", method=method)
                assert "Set-Cookie" not in answer.headers, rule


@pytest.mark.parametrize("host", ["http://evil.example", "http://localhost:8001", "http://a.b.localhost:8000"])
def test_any_other_host_gets_421(sqlite_app: Flask, host: str) -> None:
    client = sqlite_app.test_client(use_cookies=False)
    for rule, blueprint, path in rules(sqlite_app):
        if sides(sqlite_app).get(blueprint) is HostSide.ANY or "GET" not in (rule.methods or set()):
            continue
        assert client.get(f"{host}{path}").status_code == 421, rule


def test_the_page_that_says_421_has_its_style(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client(use_cookies=False)
    page = client.get("http://127.0.0.1:8000/admin/", headers={"Accept": "text/html"})
    assert page.status_code == 421
    assert "The cause is on the side of Passback." in page.text
    (style,) = re.findall(r'<link rel="stylesheet" href="([^"]+)">', page.text)
    with client.get(f"http://127.0.0.1:8000{style}") as answer:
        assert (answer.status_code, answer.mimetype) == (200, "text/css")
        assert "Set-Cookie" not in answer.headers
