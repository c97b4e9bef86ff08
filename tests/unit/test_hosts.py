"""Requests reach only the side they belong to."""

from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask

from passback.hosts import Hosts, HostSide
from tests.conftest import make_settings


def test_a_host_that_is_not_ours_gets_421(sqlite_app: Flask) -> None:
    answer = sqlite_app.test_client().get("/sign-in", base_url="http://evil.example")
    assert answer.status_code == 421
    assert "PASSBACK_URL" in answer.text


@pytest.mark.parametrize(
    ("host", "side"),
    [
        ("localhost:8000", HostSide.APP),
        ("LOCALHOST:8000", HostSide.APP),
        ("abc.localhost:8000", HostSide.CONTENT),
        ("localhost:8001", None),
        ("evil.example", None),
        ("localhost:8000.evil.example", None),
    ],
)
def test_the_default_hosts(tmp_path: Path, host: str, side: HostSide | None) -> None:
    assert Hosts(make_settings(tmp_path)).side(host) is side


def test_each_course_version_has_an_origin_of_its_own(tmp_path: Path) -> None:
    hosts = Hosts(make_settings(tmp_path))
    first, second = hosts.content_origin(uuid4()), hosts.content_origin(uuid4())
    assert first != second
    assert hosts.side(first.removeprefix("http://")) is HostSide.CONTENT


def test_a_default_port_may_be_left_out(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, url="https://app.example:443", content_url="https://content.example")
    assert Hosts(settings).side("app.example") is HostSide.APP
    assert Hosts(settings).side("content.example") is HostSide.CONTENT
