"""What can be set per course. The defaults play what real authoring tools export."""

from pydantic import BaseModel, ConfigDict, Field

from passback.plugin import State


class ScormSettings(BaseModel):
    """Settings of a SCORM course."""

    model_config = ConfigDict(frozen=True)

    mastery_score: float | None = Field(
        default=None, ge=0, le=100, description="Pass mark (0 to 100) instead of the one in the course's manifest."
    )
    mastery_override: bool = Field(
        default=True,
        description="Where a pass mark is known, the score decides on passed or failed when the course ends, "
        "whatever status the course reported.",
    )
    auto_complete: bool = Field(
        default=True,
        description="A course that ends properly (LMSFinish) without ever reporting a status counts as completed.",
    )
    failed_is_completed: bool = Field(default=True, description="A course that reports failed is also completed.")
    always_resume: bool = Field(
        default=False,
        description="Tell the course to resume whenever it has saved a place or data, "
        "for courses that forget to ask for it.",
    )
    reinitialise: bool = Field(
        default=False,
        description="Allow LMSInitialize again after LMSFinish, for courses whose every page starts and ends.",
    )
    wall_clock_time: bool = Field(
        default=True, description="Measure the time here while the course itself reports none."
    )
    strict: bool = Field(
        default=False,
        description="Hold the course to the letter of the specification: lengths (4,096 characters of suspend data), "
        "formats and arguments. For testing a course.",
    )
    full_window: bool = Field(default=False, description="Open the course in a window of its own.")


def course_settings(state: State) -> ScormSettings:
    """Return the course's settings; defaults where core handed in something else."""
    return state.settings if isinstance(state.settings, ScormSettings) else ScormSettings()
