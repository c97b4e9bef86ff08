"""SCORM at the size of real courses.

Import of a package of 5,000 files and of one of 200 MB, each by a process that does nothing else: the seconds it took
and the most memory it ever had, against what they may be. Imported is as from the command line: read, checked, looked
over for the health report, unpacked into the storage and written to SQLite.

And a navigation request of SCORM 2004 in the largest tree of ADL's suite: the stored state is read, the request
processed, looked ahead from where it led, and the state written; each activity with a full report.
"""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from statistics import median

from plugins.scorm.tests.conformance.adl.decoder import ROOT
from plugins.scorm.tests.conformance.adl.lms import Course

from bench.measure import Cost, Measure, Stopwatch
from passback.app import create_app
from passback.content.service import import_course
from passback.db import Unscoped, db, unscoped
from passback.db.migrate import upgrade
from passback.settings import Settings
from passback.tenants import ensure_tenant
from passback_scorm.rte.table import scorm2004
from passback_scorm.sequencing import engine
from passback_scorm.sequencing.result import RteResult
from passback_scorm.sequencing.state import Globals, SequencingState

API_KB = 60.0
MEBIBYTE = 1024 * 1024
FILES, SECONDS = 5_000, 10.0
LARGE_MB, MEMORY_MB = 200, 150.0
LARGEST, NAVIGATION = "T-01b", 0.010
"""ADL's largest tree, of 43 activities. Seconds."""
MANIFEST = """<manifest xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
 xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"><organizations default="o"><organization identifier="o">
<title>Bench</title><item identifier="i" identifierref="r"><title>Lesson</title></item></organization></organizations>
<resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="p/0.html">{}</resource></resources>
</manifest>"""
PAGE = """<!DOCTYPE html><html lang="en"><head><title>Page {number}</title><script src="../api.js"></script>
<link rel="stylesheet" href="https://fonts.example.net.au/text.css"></head><body onload="start({number})"><script>
function leave() {{ if (done) {{ report(100); }} API.LMSFinish(""); }}
</script>{text}<button onclick="leave()">Leave</button></body></html>"""
API = """function start(page) { API.LMSInitialize(""); }
function report(points) { API.LMSSetValue("cmi.core.score.raw", points); }
"""
PARAGRAPH = "<p>Ten thousand learners read this page and each of them wants to get on with it.</p>\n"


def run() -> list[Measure]:
    """Return how much of what it may have each needs."""
    return [_browser_api(), *_navigation(), *_imports()]


def _navigation() -> Iterator[Measure]:
    if not ROOT.exists():
        print(f"no navigation request measured: the shared test data has no {ROOT} (set PASSBACK_SHARED)")
        return
    costs = list(_requests(LARGEST, 500))
    for kind, taken in (("processor", [cost.cpu for cost in costs]), ("clock", [cost.wall for cost in costs])):
        name = f"a request in {LARGEST} : {NAVIGATION * 1000:.0f} ms, {kind}"
        yield Measure(name, median(taken) / NAVIGATION, 1.0)


def _requests(name: str, number: int) -> Iterator[Cost]:
    """Go through a course, over and over, and yield what each request cost."""
    course = Course(name)
    stored, shared = json.dumps(engine.begin(course.tree, 1).to_json()), json.dumps(Globals().to_json())
    going, result = False, RteResult("passed", "completed", 0.9, progress_measure=1.0)
    for _ in range(number):
        watch = Stopwatch()
        with watch:
            state, known = SequencingState.from_json(json.loads(stored)), Globals.from_json(json.loads(shared))
            if going:
                step = engine.navigate(course.tree, state, known, "continue", result=result)
            else:
                step = engine.open_session(course.tree, state, known)
            stored, shared = json.dumps(step.state.to_json()), json.dumps(step.globals.to_json())
        going = bool(step.delivered)
        yield watch.cost


def _browser_api() -> Measure:
    """Compare what SCORM sends to the browser, every script and the table, each compressed alone, with its limit."""
    scripts = [one.read_bytes() for one in (files("passback_scorm") / "static").iterdir() if one.name.endswith(".js")]
    parts = [*scripts, json.dumps(scorm2004().source).encode()]
    kilobytes = sum(len(gzip.compress(part)) for part in parts) / 1000
    return Measure(f"the browser's API, compressed : {API_KB:.0f} kB", kilobytes / API_KB, 1.0)


def _imports() -> Iterator[Measure]:
    with tempfile.TemporaryDirectory() as folder:
        many, large = Path(folder) / "many.zip", Path(folder) / "large.zip"
        _pack_many(many)
        _pack_large(large)
        cost, _ = _imported(many)
        _, memory = _imported(large)
    yield Measure(f"import of {FILES} files : {SECONDS:.0f} s, processor", cost.cpu / SECONDS, 1.0)
    yield Measure(f"import of {FILES} files : {SECONDS:.0f} s, clock", cost.wall / SECONDS, 1.0)
    yield Measure(f"memory to import {LARGE_MB} MB : {MEMORY_MB:.0f} MB", memory / MEMORY_MB, 1.0)


def _imported(package: Path) -> tuple[Cost, float]:
    """Import a package in a process of its own; return what it cost and the most megabytes that it had."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.scorm", package], capture_output=True, text=True, check=True, timeout=600
    )
    cpu, wall, memory = done.stdout.split()[-3:]
    return Cost(float(cpu), float(wall)), float(memory)


def _import(package: Path) -> tuple[float, float, float]:
    """Import a package in this process; return its seconds, by processor and clock, and the most megabytes it had."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(instance=Path(folder), secret_key="bench", engine="off")
        with create_app(settings).app_context():
            upgrade(db.engine)
            with unscoped(Unscoped.INSTALLATION, write=True) as session:
                tenant_id = ensure_tenant(session).id
            watch = Stopwatch()
            with watch, package.open("rb") as file:
                import_course(tenant_id, file, package.name)
            db.engine.dispose()
    status = Path("/proc/self/status").read_text("ascii")  # getrusage would tell the parent's peak, kept over exec
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return watch.cost.cpu, watch.cost.wall, int(peak.split()[1]) / 1024


def _pack_many(path: Path) -> None:
    """Pages of 8 kB, all of them declared, a tenth of them pictures."""
    names = [f"p/{number}.{'png' if number % 10 == 9 else 'html'}" for number in range(FILES - 2)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("imsmanifest.xml", MANIFEST.format("".join(f'<file href="{name}"/>' for name in names)))
        package.writestr("api.js", API)
        for number, name in enumerate(names):
            page = PAGE.format(number=number, text=PARAGRAPH * 90)
            package.writestr(name, page if name.endswith("html") else os.urandom(8 * 1024))


def _pack_large(path: Path) -> None:
    """Films that no compression makes smaller, and pages and libraries as large as are looked at."""
    library = f"{API}{'x = [1, 2, 3]; // what it does is not known here' * 40_000}"[: 2 * MEBIBYTE]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("imsmanifest.xml", MANIFEST.format(""))
        package.writestr("p/0.html", PAGE.format(number=0, text=PARAGRAPH))
        for number in range(10):
            package.writestr(f"library{number}.js", library)
        for number in range(LARGE_MB // 20):
            package.writestr(f"film{number}.mp4", os.urandom(20 * MEBIBYTE), zipfile.ZIP_STORED)


if __name__ == "__main__":
    print(*_import(Path(sys.argv[1])))
