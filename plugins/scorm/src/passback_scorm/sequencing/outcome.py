"""What a sequencing request comes to."""

from dataclasses import dataclass

from passback_scorm.sequencing.tree import Activity


@dataclass(frozen=True, slots=True)
class Found:
    """The activity to deliver, if any.

    Args:
        ends_session: End Sequencing Session.
        exception: the code of the specification.
        end_attempt: a choice that leads nowhere (SB.2.9-9) ends the attempts up to here and makes `current` the
            Current Activity.
    """

    delivery: Activity | None = None
    ends_session: bool = False
    exception: str = ""
    end_attempt: Activity | None = None
    current: Activity | None = None


def nothing(exception: str) -> Found:
    """Return the failure with a code."""
    return Found(None, exception=exception)
