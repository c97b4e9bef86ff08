"""What can be set per course. The defaults play what real authoring tools export."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from passback.plugin import State
from passback_scorm.several.rollup import CompletionMethod, RollupRule, ScoreMethod, StatusMethod


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
    measured_time: bool = Field(
        default=False, description="Count only the time measured here, whatever time the course reports."
    )
    auto_progress: bool = Field(
        default=False,
        description="In a course of several parts: go on to the next one by itself when a part ends properly.",
    )
    time_limits: bool = Field(
        default=True,
        description="Keep the time limits of the course's manifest: warn, say when the time is over, and close the "
        "part where the manifest asks for that. Off: the limits are only told to the course.",
    )
    strict: bool = Field(
        default=False,
        description="Hold the course to the letter of the specification: lengths (4,096 characters of suspend data), "
        "formats and arguments. For testing a course.",
    )
    rollup_score: ScoreMethod = Field(
        default=ScoreMethod.AVERAGE,
        description="In a course of several parts (SCORM 1.2): how its score is made of the scores that its parts "
        "reported: average, weighted, highest, lowest, sum (100 at most) or last.",
    )
    rollup_weights: dict[str, Annotated[float, Field(ge=0, le=1_000_000)]] = Field(
        default_factory=dict,
        description="How much each part weighs in a weighted score, by its identifier in the manifest. "
        "Parts that are not named weigh 1.",
    )
    rollup_completion: CompletionMethod = Field(
        default=CompletionMethod.ALL,
        description="A course of several parts is complete once all of its parts are, any of them, or a percentage.",
    )
    rollup_threshold: float = Field(
        default=100.0, ge=0, le=100, description="The percentage of complete parts that completes the course."
    )
    rollup_status: StatusMethod = Field(
        default=StatusMethod.ALL_PASSED,
        description="A course of several parts is passed once it is complete and none of the parts that say passed or "
        "failed was failed (all_passed), as soon as one part is passed (any_passed), once it is complete with enough "
        "points (score_threshold), or once it is complete (completion_only).",
    )
    rollup_passing_score: float = Field(
        default=80.0, ge=0, le=100, description="The score of the whole course that passes it by points (0 to 100)."
    )
    rollup_done: frozenset[Literal["completed", "passed", "failed"]] = Field(
        default=frozenset({"completed", "passed", "failed"}),
        description="Which statuses of a part count as complete.",
    )
    full_window: bool = Field(default=False, description="Open the course in a window of its own.")

    @property
    def rollup(self) -> RollupRule:
        """Return how the parts of a course count together."""
        done = frozenset(self.rollup_done) - (frozenset() if self.failed_is_completed else {"failed"})
        return RollupRule(
            self.rollup_score,
            self.rollup_completion,
            self.rollup_status,
            self.rollup_threshold,
            self.rollup_passing_score,
            done,
        )


def course_settings(state: State) -> ScormSettings:
    """Return the course's settings; defaults where core handed in something else."""
    return state.settings if isinstance(state.settings, ScormSettings) else ScormSettings()
