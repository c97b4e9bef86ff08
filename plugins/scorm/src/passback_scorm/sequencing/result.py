"""What content reported while it ran, as sequencing takes it in."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ObjectiveResult:
    """What content set of one objective. Only what content itself set: "" and None stand for what it left alone.

    Args:
        success_status: passed, failed or unknown.
        completion_status: completed, incomplete, not attempted or unknown. "unknown" is not "": content that says it
            keeps the LMS from completing the activity for it (UP.4).
        score_scaled: -1 to 1.
        progress_measure: 0 to 1.
    """

    success_status: str = ""
    completion_status: str = ""
    score_scaled: float | None = None
    score_raw: float | None = None
    score_min: float | None = None
    score_max: float | None = None
    progress_measure: float | None = None


@dataclass(frozen=True)
class RteResult(ObjectiveResult):
    """What content set in a session, in `cmi` itself and in `cmi.objectives`.

    Args:
        exit: `cmi.exit`: suspend, logout, time-out, normal or "".
        objectives: by the id of the objective; those sequencing does not know are passed over.
        shared_data: texts written to `adl.data` stores, by target.
    """

    exit: str = ""
    objectives: Mapping[str, ObjectiveResult] = field(default_factory=dict)
    shared_data: Mapping[str, str] = field(default_factory=dict)
