"""What an attempt has come to: scores on one scale, and what is kept when sessions say different things (design §9).

Within a session the content's last word counts, but a status is never taken back. What a learner has left with is
kept against later sessions of the attempt: they can raise it and never lower it.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from math import isfinite

from passback.db import JsonObject
from passback.plugin import Completion, Outcome, Success

COMPLETION_RANK = {
    Completion.NOT_ATTEMPTED: 0,
    Completion.UNKNOWN: 1,
    Completion.INCOMPLETE: 2,
    Completion.COMPLETED: 3,
}
SUCCESS_RANK = {Success.UNKNOWN: 0, Success.FAILED: 1, Success.PASSED: 2}
NUMBERS = ("score_scaled", "score_raw", "score_min", "score_max", "progress", "duration_seconds")


def normalised_score(outcome: Outcome) -> float | None:
    """Return the score as 0..1, or None where there is none: 0 is a score.

    Scaled as given; else (raw - min) / (max - min) where max > min, a missing min being 0; else raw / 100.
    """
    if outcome.score_scaled is not None:
        return clip(outcome.score_scaled)
    raw, low, high = outcome.score_raw, outcome.score_min or 0.0, outcome.score_max
    if raw is None:
        return None
    if high is not None and high > low and isfinite(high - low):
        return clip((raw - low) / (high - low))
    return clip(raw / 100)


def clip(value: float) -> float:
    """Return `value` within 0..1."""
    return min(1.0, max(0.0, value))


def clean(outcome: Outcome) -> Outcome:
    """Return `outcome` without numbers that are none (NaN, infinity), progress within 0..1."""
    found = {name: _finite(getattr(outcome, name)) for name in NUMBERS}
    progress, duration = found["progress"], found["duration_seconds"]
    found["progress"] = None if progress is None else clip(progress)
    found["duration_seconds"] = max(0.0, duration or 0.0)
    completion, success = Completion(outcome.completion), Success(outcome.success)
    return outcome.with_(**found, completion=completion, success=success, ended=bool(outcome.ended))


def follow(before: Outcome, said: Outcome) -> Outcome:
    """Return what a session has come to once its content has said `said`."""
    said = clean(said)
    passed = before.success is Success.PASSED
    # A score is often said in pieces: "50" looks like 50 %, until "max 200" arrives. That takes nothing back.
    same_raw = said.score_scaled is None and said.score_raw is not None and said.score_raw == before.score_raw
    return _with_score(
        said.with_(
            completion=_further(before.completion, said.completion),
            success=_better(before.success, said.success),
        ),
        before if _keeps_score(before, said, only_higher=passed and not same_raw) else said,
    )


def carry_on(left_with: Outcome, live: Outcome) -> Outcome:
    """Return what an attempt comes to: `left_with` at the end of its earlier sessions, `live` in the newest one."""
    return _raise(left_with, live, only_higher=_settled(left_with)).with_(ended=live.ended)


@lru_cache(maxsize=1024)
def best_of(outcomes: tuple[Outcome, ...]) -> Outcome:
    """Return the best of all of a registration's attempts, in their order."""
    best = Outcome()
    for outcome in outcomes:
        best = raise_by(best, outcome)
    return best


def raise_by(outcome: Outcome, other: Outcome) -> Outcome:
    """Return `outcome`, raised where `other` is better: other attempts, late events of a superseded session."""
    return _raise(outcome, other, only_higher=True).with_(ended=outcome.ended)


def _raise(floor: Outcome, new: Outcome, *, only_higher: bool) -> Outcome:
    settled_by_score = floor.completion is Completion.COMPLETED and normalised_score(floor) is not None
    downgrade = new.success is Success.FAILED and settled_by_score
    raised = _with_score(
        new.with_(
            completion=_further(floor.completion, new.completion),
            success=floor.success if downgrade else _better(floor.success, new.success),
            progress=max((p for p in (floor.progress, new.progress) if p is not None), default=None),
            duration_seconds=max(floor.duration_seconds, new.duration_seconds),
        ),
        floor if _keeps_score(floor, new, only_higher=only_higher) else new,
    )
    return raised.with_(at=floor.at) if verdict_of(raised) == verdict_of(floor) and floor.at else raised


def _keeps_score(before: Outcome, said: Outcome, *, only_higher: bool) -> bool:
    old, new = normalised_score(before), normalised_score(said)
    if new is None:
        return True
    return only_higher and old is not None and new <= old


def _with_score(outcome: Outcome, source: Outcome) -> Outcome:
    return replace(
        outcome,
        score_scaled=source.score_scaled,
        score_raw=source.score_raw,
        score_min=source.score_min,
        score_max=source.score_max,
    )


def _settled(outcome: Outcome) -> bool:
    """A verdict, or a completion with a score: what a learner has left with and keeps."""
    if outcome.success is Success.PASSED:
        return True
    judged = outcome.success is Success.FAILED or outcome.completion is Completion.COMPLETED
    return judged and normalised_score(outcome) is not None


def verdict_of(outcome: Outcome) -> tuple[Completion, Success, float | None]:
    """Return what of an outcome counts, so that two can be compared."""
    return outcome.completion, outcome.success, normalised_score(outcome)


def _further(one: Completion, other: Completion) -> Completion:
    return max(one, other, key=COMPLETION_RANK.__getitem__)


def _better(one: Success, other: Success) -> Success:
    return max(one, other, key=SUCCESS_RANK.__getitem__)


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def dump(outcome: Outcome) -> JsonObject:
    """Return `outcome` as JSON; `load` reads it back."""
    numbers = {name: getattr(outcome, name) for name in NUMBERS}
    return {
        "completion": str(outcome.completion),
        "success": str(outcome.success),
        **numbers,
        "at": outcome.at.isoformat() if outcome.at else None,
        "ended": outcome.ended,
    }


def load(data: JsonObject) -> Outcome:
    """Return the outcome that `dump` wrote; an empty object is an outcome of nothing yet."""
    return _load(tuple(data.items()))


@lru_cache(maxsize=4096)  # those of earlier attempts are read with every commit of the newest
def _load(items: tuple[tuple[str, str | float | bool | None], ...]) -> Outcome:
    if not items:
        return Outcome()
    data = dict(items)
    at = data.get("at")
    numbers = {name: data.get(name) for name in NUMBERS}
    return Outcome(
        completion=Completion(str(data["completion"])),
        success=Success(str(data["success"])),
        at=datetime.fromisoformat(at) if isinstance(at, str) else None,
        ended=bool(data.get("ended")),
        **numbers,  # type: ignore[arg-type]  # written by dump
    )


@dataclass
class Parts:
    """What an attempt's outcome is made of.

    Args:
        left_with: what its earlier sessions came to.
        live: what the content says in the newest one.
        closed: that session is over.
        branches: what superseded sessions have said since they were superseded, by session.
    """

    left_with: Outcome = field(default_factory=Outcome)
    live: Outcome = field(default_factory=Outcome)
    closed: bool = False
    branches: dict[str, Outcome] = field(default_factory=dict)

    def start_session(self) -> None:
        """Begin a session: what there was is kept, `live` goes on from it."""
        self.left_with = carry_on(self.left_with, self.live)
        self.live = self.total().with_(ended=False)
        self.closed = False

    def total(self) -> Outcome:
        """Return the attempt's outcome."""
        outcome = carry_on(self.left_with, self.live)
        for _session, branch in sorted(self.branches.items()):
            outcome = raise_by(outcome, branch)
        return outcome.with_(ended=outcome.ended or self.closed)

    def to_json(self) -> JsonObject:
        """Return the parts as JSON."""
        branches: JsonObject = {key: dump(one) for key, one in self.branches.items()}
        return {
            "left_with": dump(self.left_with),
            "live": dump(self.live),
            "closed": self.closed,
            "branches": branches,
        }

    @classmethod
    def from_json(cls, data: JsonObject) -> "Parts":
        """Read what `to_json` wrote; an empty object is an attempt without a session."""
        if not data:
            return cls()
        branches = _object(data["branches"])
        return cls(
            left_with=load(_object(data["left_with"])),
            live=load(_object(data["live"])),
            closed=bool(data["closed"]),
            branches={key: load(_object(one)) for key, one in branches.items()},
        )


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}
