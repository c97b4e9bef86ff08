"""What a benchmark returns, and how times are taken."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Measure:
    """A ratio against something measured in the same run, and the most it may be."""

    name: str
    ratio: float
    limit: float

    @property
    def holds(self) -> bool:
        """True where the ratio is within its limit."""
        return self.ratio <= self.limit


@dataclass(frozen=True)
class Cost:
    """Seconds of this process's processors, and seconds by the clock."""

    cpu: float = 0.0
    wall: float = 0.0


class Stopwatch:
    """Adds up what happens inside its `with` blocks."""

    def __init__(self) -> None:
        self.cost = Cost()

    def __enter__(self) -> Self:
        self._wall, self._cpu = perf_counter(), process_time()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _t: TracebackType | None
    ) -> None:
        cpu, wall = process_time() - self._cpu, perf_counter() - self._wall
        self.cost = Cost(self.cost.cpu + cpu, self.cost.wall + wall)


def compare(ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int = 300, warm: int = 20) -> float:
    """Return how many times longer `ours` takes than `theirs`: the ratio of the medians, taken turn by turn."""

    def timed(work: Callable[[], object]) -> Cost:
        watch = Stopwatch()
        with watch:
            work()
        return watch.cost

    return compare_costs(lambda: timed(ours), lambda: timed(theirs), rounds=rounds, warm=warm).wall


def compare_costs(ours: Callable[[], Cost], theirs: Callable[[], Cost], *, rounds: int = 300, warm: int = 20) -> Cost:
    """Return the ratios of the medians of what `ours` and `theirs` say they cost.

    Turn by turn, so that a busy machine slows both.
    """
    kept: tuple[list[Cost], list[Cost]] = ([], [])
    for number in range(rounds + warm):
        for work, costs in zip((ours, theirs), kept, strict=True):
            cost = work()
            if number >= warm:
                costs.append(cost)
    cpu, wall = ([median(getattr(cost, kind) for cost in costs) for costs in kept] for kind in ("cpu", "wall"))
    return Cost(cpu[0] / cpu[1], wall[0] / wall[1])
