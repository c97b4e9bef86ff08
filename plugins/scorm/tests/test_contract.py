"""SCORM holds to the contract of content types."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from passback.plugin import JsonObject
from passback.testing.contract import ContentTypeContract
from passback_scorm.content_type import ScormContentType
from passback_scorm.sample import build_sample


class TestScorm(ContentTypeContract):
    """SCORM 1.2, with its own sample course."""

    content_type = ScormContentType()

    def package(self) -> bytes:
        with TemporaryDirectory() as folder:
            build_sample(Path(folder) / "sample.zip")
            return (Path(folder) / "sample.zip").read_bytes()

    def conversation(self) -> Sequence[tuple[str, JsonObject]]:
        answer = "cmi.interactions.0"
        return [
            ("scorm.initialize", {}),
            ("scorm.set", {"values": [["cmi.core.lesson_status", "incomplete"], ["cmi.core.lesson_location", "2"]]}),
            (
                "scorm.set",
                {"values": [[f"{answer}.id", "q1"], [f"{answer}.type", "choice"], [f"{answer}.result", "correct"]]},
            ),
            ("scorm.commit", {"values": [["cmi.suspend_data", {"utf16": "AAA="}], ["cmi.core.score.raw", "80"]]}),
            ("scorm.finish", {"values": [["cmi.core.session_time", "0000:10:00.00"], ["cmi.core.exit", ""]]}),
        ]
