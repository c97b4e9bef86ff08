"""Time limits: `cmi.student_data.max_time_allowed` and `cmi.max_time_allowed`, and what to do when they are reached.

SCORM leaves it to the content to keep its limit and most content does not (1.2 RTE 3.4.6; 2004 RTE 4.2.13, 4.2.26;
`imsss:attemptAbsoluteDurationLimit` gives 2004's). So the player warns, says when the time is over and closes the
content where the manifest says `exit`; and what is said well after that no longer changes what was reached.
"""

from dataclasses import dataclass

from passback.plugin import JsonObject

GRACE = 60 * 100
"""Hundredths of a second in which content may still say its last words: a browser in the background wakes up late."""
_WARNED = ((30 * 60, 5 * 60), (5 * 60, 60), (60, 15))
"""The warning comes so many seconds before the end of a time as long as this, or longer."""


@dataclass(frozen=True)
class TimeLimit:
    """An activity's limit; times in hundredths of a second.

    Args:
        allowed: for one attempt on the activity; `used`: of it, before the run that begins.
        exits: the content is closed; else the learner is told and goes on.
    """

    allowed: int
    used: int
    exits: bool

    def is_broken(self, now: int) -> bool:
        """Say whether what is said after `now` more of this run comes too late to count."""
        return self.exits and self.used + now > self.allowed + GRACE

    def to_json(self, title: str, request: str = "") -> JsonObject:
        """Return what `static/limits.js` finds in the launch: seconds, and the sentences to say.

        Args:
            request: the navigation request that a closed activity ends with; "" where the course is left then.
        """
        left = max(0, self.allowed - self.used) // 100
        before = next((warned for longer, warned in _WARNED if self.allowed // 100 >= longer), 0)
        over = f"The time for “{title}” is over."
        return {
            "left": left,
            "before": min(before, left // 2),
            "exit": self.exits,
            "soon": f"The time for “{title}” is nearly over: {{left}} left.",
            "over": f"{over} It has been closed; what you did is saved." if self.exits else f"{over} You may go on.",
            "request": request,
        }


def time_limit(allowed: int | None, action: str, used: int = 0, *, kept: bool = True) -> TimeLimit | None:
    """Return the limit of an activity, None where it has none that anything would follow from.

    Args:
        allowed: hundredths of a second; action: of the manifest, such as `exit,message`; by default the content goes on
            and nothing is said.
        kept: the course's setting.
    """
    words = action.lower().replace(" ", "")
    exits, tells = words.startswith("exit"), words.endswith(",message")
    if not allowed or not kept or not (exits or tells):
        return None
    return TimeLimit(allowed, used, exits)
