"""A plugin from outside the repository, installed with plain pip: it appears, imports, plays, and goes away again."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.support import toy
from tests.support.live import zipped
from tests.support.until import until

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "passback-outside"
version = "1.2.3"
dependencies = ["passback>=0.1,<1"]
[project.entry-points."passback.plugins.v1"]
outside = "outside_plugin.kind:ToyPlugin"
[tool.hatch.build.targets.wheel]
packages = ["outside_plugin"]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the plugin, made from a project of its own."""
    folder = tmp_path_factory.mktemp("outside")
    package = folder / "project" / "outside_plugin"
    package.mkdir(parents=True)
    source = Path(toy.__file__).read_text(encoding="utf-8")
    for name in ('"toy"', '"toy.json"', '"toy.js"'):
        source = source.replace(name, name.replace("toy", "outside"))
    (package / "__init__.py").touch()
    (package / "kind.py").write_text(source, encoding="utf-8")
    shutil.copytree(Path(toy.__file__).parent / "static", package / "static")
    (package / "static" / "toy.js").rename(package / "static" / "outside.js")
    (folder / "project" / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(folder / "site"), str(folder / "project")], check=True)
    return folder / "site"


class Installation:
    """An installation of its own, used through its command line and over HTTP."""

    def __init__(self, folder: Path, port: int, site: Path | None) -> None:
        self.port = port
        self.environment = {
            **os.environ,
            "PASSBACK_INSTANCE": str(folder),
            "PASSBACK_PORT": str(port),
            "PASSBACK_URL": f"http://localhost:{port}",
            "PASSBACK_CONTENT_URL": f"http://*.localhost:{port}",
            "PYTHONPATH": str(site) if site else "",
        }

    def run(self, *arguments: str, code: int = 0) -> object:
        """Run a command with --json and return its answer."""
        command = [sys.executable, "-m", "passback.cli", *arguments, "--json"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def ask(self, method: str, url: str, **options: object) -> requests.Response:
        """Make a request to one of our names (`x.localhost` is nobody's business but a browser's)."""
        headers = {"Host": urlsplit(url).netloc}
        address = url.replace(urlsplit(url).netloc, f"127.0.0.1:{self.port}", 1)
        return requests.request(method, address, headers=headers, allow_redirects=False, timeout=60, **options)

    def follow(self, url: str) -> requests.Response:
        """Follow redirects as a browser would."""
        answer = self.ask("GET", url)
        while answer.is_redirect:
            url = requests.compat.urljoin(url, answer.headers["Location"])
            answer = self.ask("GET", url)
        answer.page = url
        return answer


@pytest.fixture
def installation(tmp_path: Path, site: Path) -> Iterator[Installation]:
    """The tool as a process, with the plugin."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = Installation(tmp_path, port, site)
    command = [sys.executable, "-m", "passback.cli", "run", "--workers", "1"]
    with subprocess.Popen(command, env=made.environment) as tool:
        until(lambda: _alive(made), seconds=180)
        yield made
        tool.terminate()


def _alive(installation: Installation) -> bool:
    try:
        return installation.ask("GET", f"http://localhost:{installation.port}/healthz").ok
    except (requests.ConnectionError, requests.Timeout):  # it listens before it answers
        return False


def test_it_appears_plays_and_leaves_its_data_when_it_goes(installation: Installation, tmp_path: Path) -> None:
    [listed] = [one for one in installation.run("plugins", "list") if one["name"] == "outside"]
    assert listed["source"] == "passback-outside 1.2.3"
    package = tmp_path / "course.zip"
    content = json.dumps({"title": "From outside", "start": "index.html"})
    package.write_bytes(zipped({"outside.json": content, "index.html": "<h1>hello"}).getvalue())
    course = installation.run("courses", "import", str(package))
    assert course["title"] == "From outside"

    launched = installation.run("registrations", "launch", course["id"], "--learner", "ann")
    page = installation.follow(launched["launch_url"])
    boot = installation.ask("POST", f"{page.page}boot", json={"tab": "t"}).json()
    host = page.page.partition("/play/")[0]
    assert installation.ask("GET", host + boot["scripts"][0]).ok
    start = installation.ask("GET", boot["start"])
    assert "<h1>hello" in start.text
    events = [
        {"seq": 1, "kind": "outside.page", "activity": "outside", "at": int(time.time() * 1000), "data": {}},
        {
            "seq": 2,
            "kind": "toy.page",
            "activity": "outside",
            "at": int(time.time() * 1000),
            "data": {"page": 1, "of": 1},
        },
        {"seq": 3, "kind": "toy.score", "activity": "outside", "at": int(time.time() * 1000), "data": {"scaled": 0.8}},
    ]
    answer = installation.ask("POST", f"{host}/play/{boot['token']}/events", json={"leaving": True, "events": events})
    assert answer.json()["applied"] == 3

    shown = installation.run("registrations", "show", launched["registration"])
    assert (shown["completion"], shown["success"], shown["score_scaled"]) == ("completed", "passed", 0.8)

    without = Installation(tmp_path, installation.port, None)
    assert "outside" not in {one["name"] for one in without.run("plugins", "list")}
    assert without.run("db", "upgrade")["revision"]
    assert without.run("registrations", "show", launched["registration"])["score_scaled"] == 0.8
