"""The sample course, packed on demand from `sample_course/`: a SCORM 1.2 course of one SCO, written for Passback."""

import zipfile
from importlib.resources import files
from pathlib import Path

FILES = ("imsmanifest.xml", "index.html", "course.css", "course.js")
_TIME = (2026, 1, 1, 0, 0, 0)  # the same bytes every time, so that importing it twice is recognised


def build_sample(path: Path) -> None:
    """Write the course "Reading a weather map" as a ZIP to `path`."""
    folder = files(__package__).joinpath("sample_course")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name in FILES:
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(info, folder.joinpath(name).read_bytes())
