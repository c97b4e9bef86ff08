"""The plugin: what the entry point `scorm` names."""

from collections.abc import Iterable

from passback.plugin import ContentType, SampleCourse, hookimpl
from passback_scorm.content_type import ScormContentType
from passback_scorm.sample import build_sample


class ScormPlugin:
    """SCORM for Passback."""

    @hookimpl
    def register_content_types(self) -> Iterable[ContentType]:
        """Register SCORM courses."""
        return [ScormContentType()]

    @hookimpl
    def sample_courses(self) -> Iterable[SampleCourse]:
        """Offer a small course to try the player with."""
        return [SampleCourse("reading-a-weather-map.zip", build_sample)]
