"""How a course behaves, guessed from its scripts: does it finish only on leaving, is it complete on arrival?"""

import re
from collections.abc import Callable

from passback_scorm.health.scripts import LEAVE, LOAD, Call, Function, Scripts

_FINISH = frozenset({"LMSFinish", "Terminate"})
_COMPLETED = re.compile(
    r"\s*[\"']cmi\.(?:core\.lesson_status|completion_status)[\"']\s*,\s*[\"'](?:completed|passed)[\"']"
)


def only_finishes_on_leaving(scripts: Scripts) -> tuple[Function, Call] | None:
    """Return a call that finishes the course, where every way to one begins with leaving the page."""
    first = next(scripts.calling(_FINISH), None)
    if first is None:
        return None
    ways = _ways_to(scripts, [function for function, _ in scripts.calling(_FINISH)])
    return first if ways == {LEAVE} else None


def completes_on_arrival(scripts: Scripts, start: Callable[[str], bool]) -> tuple[Function, Call] | None:
    """Return a call that reports completion and runs without any condition when a unit opens.

    Args:
        start: tells whether a file is a unit's first page or belongs to one.
    """
    for function in scripts.functions:
        for call in function.calls:
            if not call.conditional and _COMPLETED.match(call.arguments) and _runs_on_opening(scripts, function, start):
                return function, call
    return None


def _ways_to(scripts: Scripts, functions: list[Function]) -> set[str]:
    """Return everything that can set off one of these functions; `unknown` where nothing is seen to."""
    ways: set[str] = set()
    seen = {id(one) for one in functions}
    waiting = list(functions)
    while waiting:
        function = waiting.pop()
        runs = scripts.runs(function)
        callers = [caller for caller, _ in scripts.callers(function)]
        ways |= runs or ({"unknown"} if not callers else set())
        waiting += [one for one in callers if id(one) not in seen]
        seen.update(id(one) for one in callers)
    return ways


def _runs_on_opening(scripts: Scripts, function: Function, start: Callable[[str], bool]) -> bool:
    seen = {id(function)}
    waiting = [function]
    while waiting:
        one = waiting.pop()
        if LOAD in scripts.runs(one) and start(one.file):
            return True
        callers = [caller for caller, call in scripts.callers(one) if not call.conditional and id(caller) not in seen]
        seen.update(id(caller) for caller in callers)
        waiting += callers
    return False
