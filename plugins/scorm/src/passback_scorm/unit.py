"""One unit of a course, a SCO or an asset, as the manifest describes it and as it rests in `ImportedContent.data`."""

from pydantic import BaseModel, ConfigDict, ValidationError

from passback.plugin import JsonObject
from passback_scorm.settings import ScormSettings


class Unit(BaseModel):
    """An item of the organisation with its resource.

    Args:
        href: path in the package with query and fragment, percent-encoded.
        scorm_type: `sco` or `asset`.
        mastery_score: adlcp:masteryscore, 0..100; prerequisites, max_time_allowed, time_limit_action and
            data_from_lms are the manifest's texts.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    title: str = ""
    href: str = ""
    scorm_type: str = "sco"
    visible: bool = True
    prerequisites: str = ""
    mastery_score: float | None = None
    max_time_allowed: str = ""
    time_limit_action: str = ""
    data_from_lms: str = ""

    @property
    def is_asset(self) -> bool:
        """Say whether it is declared to be without a run-time conversation."""
        return self.scorm_type == "asset"

    def mastery(self, settings: ScormSettings) -> float | None:
        """Return the mark to pass, 0..100: the course setting's, else the manifest's."""
        return settings.mastery_score if settings.mastery_score is not None else self.mastery_score


def only_unit(content: JsonObject) -> Unit:
    """Return the one unit of a course."""
    units = content.get("units")
    try:
        return Unit.model_validate(units[0] if isinstance(units, list) and units else {"id": ""})
    except ValidationError:
        return Unit(id="")
