"""Which requests would be answered: the processes themselves, run on a copy that is thrown away."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from passback.plugin import JsonObject
from passback_scorm.sequencing.delivery import delivery_request
from passback_scorm.sequencing.navigation import navigation_request
from passback_scorm.sequencing.outcome import Found
from passback_scorm.sequencing.overall import forget_shared
from passback_scorm.sequencing.requests import sequencing_request
from passback_scorm.sequencing.rules import sequencing_rules_check
from passback_scorm.sequencing.termination import Terminated, termination_request
from passback_scorm.sequencing.tracking import Tracking
from passback_scorm.sequencing.tree import Activity


@dataclass(frozen=True)
class Validity:
    """Which navigation requests lead to a delivery or to the end of the session.

    Args:
        continue_: also where the way forward ends at a cluster without flow: there the learner chooses what comes next
            (ADL's case CM-07d, Activity 3).
        choice: by activity id, clusters too; `jump` by the ids of leaves.
        hidden: ids of what a table of contents leaves out: hidden from choice, or not selected.
    """

    continue_: bool = False
    previous: bool = False
    exit: bool = False
    exit_all: bool = False
    abandon: bool = False
    abandon_all: bool = False
    suspend_all: bool = False
    choice: Mapping[str, bool] = field(default_factory=dict)
    jump: Mapping[str, bool] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()

    def requests(self) -> JsonObject:
        """Return what `adl.nav.request_valid` answers: continue, previous, and choice and jump by target (SN 5.6.3)."""
        choice: JsonObject = {**self.choice}
        jump: JsonObject = {**self.jump}
        return {"continue": self.continue_, "previous": self.previous, "choice": choice, "jump": jump}


def look_ahead(tracking: Tracking) -> Validity:
    """Return which requests would be answered now."""
    ahead = _Ahead(tracking)
    activities = tracking.tree.in_order
    return Validity(
        continue_=ahead.leads("continue") or ahead.fails("continue", "SB.2.2-1"),
        previous=ahead.leads("previous"),
        exit=ahead.valid("exit"),
        exit_all=ahead.valid("exitAll"),
        abandon=ahead.valid("abandon"),
        abandon_all=ahead.valid("abandonAll"),
        suspend_all=ahead.valid("suspendAll"),
        choice={one.id: ahead.leads("choice", one) for one in activities},
        jump={one.id: ahead.leads("jump", one) for one in activities if not one.children},
        hidden=tuple(one.id for one in activities if ahead.hides(one)),
    )


class _Ahead:
    """The state now, and the one after the Current Activity's attempt has ended, where requests to move on begin."""

    def __init__(self, tracking: Tracking) -> None:
        self._now = tracking
        self._after = tracking.copy()
        current = tracking.current
        self._terminated = Terminated()
        if current is not None and tracking.of(current).active:
            self._terminated = termination_request(self._after, "exit")
        forget_shared(self._after, self._terminated.sequencing)
        self._after.memo = {}
        self._instead: Found | None = None
        if self._terminated.sequencing:
            self._instead = sequencing_request(self._after, self._terminated.sequencing, None)

    def valid(self, request: str) -> bool:
        """Tell whether a request may be made."""
        return not navigation_request(self._now, request, None).exception

    def fails(self, request: str, exception: str) -> bool:
        """Tell whether a request may be made, but comes to nothing for one reason."""
        if navigation_request(self._now, request, None).exception or self._terminated.exception or self._instead:
            return False
        return sequencing_request(self._after, request, None).exception == exception

    def leads(self, request: str, target: Activity | None = None) -> bool:
        """Tell whether a request may be made and delivers an activity or ends the session."""
        if navigation_request(self._now, request, target).exception or self._terminated.exception:
            return False
        found = self._instead or sequencing_request(self._after, request, target)
        if found.delivery is None:
            return found.ends_session
        return not delivery_request(self._after, found.delivery)

    def hides(self, activity: Activity) -> bool:
        """Tell whether an activity is not to be seen in a table of contents."""
        return any(
            not self._after.is_available(one) or sequencing_rules_check(self._after, one, "hiddenFromChoice")
            for one in activity.path()
        )
