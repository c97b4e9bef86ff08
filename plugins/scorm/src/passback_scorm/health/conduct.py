"""How a course behaves, guessed from its scripts: does it finish only on leaving, is it complete on arrival?"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from passback_scorm.health.scripts import LEAVE, LOAD, Call, Function, Scripts

_FINISH = frozenset({"LMSFinish", "Terminate"})
_COMPLETED = re.compile(
    r"\s*[\"']cmi\.(?:core\.lesson_status|completion_status)[\"']\s*,\s*[\"'](?:completed|passed)[\"']"
)


Site = tuple[Function, Call]


def only_finishes_on_leaving(scripts: Scripts) -> Site | None:
    """Return a call that finishes the course, where every way to one begins with leaving the page."""
    finishing = list(scripts.calling(_FINISH))
    ways: set[str] = set()
    for function, _ in _ways_to(scripts, finishing):
        unseen = next(scripts.callers(function), None) is None
        ways |= scripts.runs(function) or ({"unknown"} if unseen else set())
    return finishing[0] if ways == {LEAVE} else None


def completes_on_arrival(scripts: Scripts, start: Callable[[str], bool]) -> Site | None:
    """Return a call that reports completion and runs without any condition when a unit opens.

    Args:
        start: tells whether a file is a unit's first page or belongs to one.
    """
    completing = (
        (function, call)
        for function in scripts.functions
        for call in function.calls
        if not call.conditional and _COMPLETED.match(call.arguments)
    )
    for function, site in _ways_to(scripts, completing, always=True):
        if start(function.file) and LOAD in scripts.runs(function):
            return site
    return None


def _ways_to(scripts: Scripts, sites: Iterable[Site], *, always: bool = False) -> Iterator[tuple[Function, Site]]:
    """Yield every function from which a way of calls leads to one of these sites, once, with that site.

    Args:
        always: only ways on which no call hangs on a condition.
    """
    seen: set[int] = set()
    names: set[str] = set()
    waiting = deque((site[0], site) for site in sites)
    while waiting:
        function, site = waiting.popleft()
        if id(function) in seen:
            continue
        seen.add(id(function))
        yield function, site
        # Who calls a name is asked once: every page of a course may have a function of that name.
        if function.name not in names:
            names.add(function.name)
            callers = scripts.callers(function)
            waiting += ((caller, site) for caller, call in callers if not (always and call.conditional))
