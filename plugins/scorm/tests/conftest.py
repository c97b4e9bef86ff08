"""What SCORM's tests share: packages made on the spot, the browser's scripts under Node, the shared real courses."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from playwright._impl._driver import compute_driver_executable

from passback.plugin import PackageReader
from passback.testing.packages import make_zip
from passback.testing.readers import open_package

HERE = Path(__file__).parent
STATIC = HERE.parent / "src/passback_scorm/static"
SHARED = Path(os.environ.get("PASSBACK_SHARED", HERE.parents[2].parent / "shared"))

Manifest = Callable[..., PackageReader]
JavaScript = Callable[[list[dict[str, Any]]], list[Any]]


def node() -> str:
    """Return a Node to run scripts with: the system's, else the one that comes inside Playwright's wheel."""
    return shutil.which("node") or compute_driver_executable()[0]


@pytest.fixture(scope="session")
def javascript() -> JavaScript:
    """Run jobs against the very scripts that the browser gets; see `conformance/harness.cjs` for what a job is."""

    def run(jobs: list[dict[str, Any]]) -> list[Any]:
        command = [node(), str(HERE / "conformance/harness.cjs"), str(STATIC)]
        done = subprocess.run(command, input=_told(jobs), capture_output=True, text=True, check=False, timeout=600)
        assert done.returncode == 0, done.stderr
        results: list[Any] = json.loads(done.stdout)
        return results

    return run


def _told(jobs: list[dict[str, Any]]) -> str:
    """Return the jobs as JSON in which each table stands once: many jobs share one of 18 kB."""
    tables: dict[int, Any] = {}

    def referring(made: dict[str, Any]) -> dict[str, Any]:
        tables[id(made["table"])] = made["table"]
        return made | {"table": list(tables).index(id(made["table"]))}

    told = [job | {key: referring(job[key]) for key in ("model", "boot") if key in job} for job in jobs]
    return json.dumps({"tables": list(tables.values()), "jobs": told})


@pytest.fixture
def package() -> Callable[[Mapping[str, bytes | str]], PackageReader]:
    """Make a package of files and open it."""
    return lambda files: open_package(make_zip(files))


@pytest.fixture
def real_course() -> Callable[[str], PackageReader]:
    """Open a real course of the shared test data; the test is skipped, saying so, where it is missing."""

    def open_course(name: str) -> PackageReader:
        path = SHARED / "content" / name
        if not path.exists():
            pytest.skip(f"the shared test data has no content/{name} (looked in {SHARED}; set PASSBACK_SHARED)")
        return open_package(path.read_bytes(), name)

    return open_course


@pytest.fixture
def adl_course() -> Callable[[str], PackageReader]:
    """Open the package of one of ADL's test cases (`CM-01`): its manifest, and empty files where it names files."""
    return adl_package


def adl_package(name: str) -> PackageReader:
    """Return the package of one of ADL's test cases; the test is skipped, saying so, where the data is missing."""
    return open_package(make_zip(adl_files(name)), f"{name}.zip")


def adl_files(name: str, page: str = "") -> dict[str, bytes | str]:
    """Return the files of such a package; `page` is what each of its pages holds."""
    path = SHARED / "conformance/adl-scorm2004-4e/manifests" / f"{name}.xml"
    if not path.exists():
        pytest.skip(f"the shared test data has no {path.name} (looked in {SHARED}; set PASSBACK_SHARED)")
    base = "{http://www.w3.org/XML/1998/namespace}base"
    files: dict[str, bytes | str] = {"imsmanifest.xml": path.read_bytes()}
    for resource in etree.parse(path).iter("{*}resource"):
        hrefs = (element.get("href") for element in (resource, *resource))
        files |= {resource.get(base, "") + href: page if href.endswith(".htm") else "" for href in hrefs if href}
    return files
