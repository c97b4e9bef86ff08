"""How often, how long and how fast: the numbers of delivery, and pure functions of them."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Policy:
    """The rules of delivery; times in seconds.

    Args:
        jitter: returns 0..1; spreads retries so that a server that comes back is not met by all at once.
        first_delay: the shortest wait after a failed try.
        last_delay: the longest.
        give_up_after: how long a delivery has been failing before it may be parked.
        give_up_tries: how many tries it must have had by then: a stopped engine is no failure of the other side.
        lease: how long a worker owns a delivery; the engine renews it while it is at work, so that only one that was
            killed lets it run out.
        longest_work: for how long it is renewed; a sender or a listener that hangs is given up then.
        destination_cap: sends to one destination at a time, over all processes.
        breaker_failures: tries in a row that fail before a destination pauses.
        breaker_pause: its first pause; it doubles up to `breaker_longest`.
        longest_retry_after: a wait that the other side asks for is believed up to this.
    """

    jitter: Callable[[], float] = random.random
    first_delay: float = 10.0
    last_delay: float = 3600.0
    give_up_after: float = 3 * 86400.0
    give_up_tries: int = 10
    lease: float = 60.0
    longest_work: float = 900.0
    destination_cap: int = 4
    breaker_failures: int = 5
    breaker_pause: float = 30.0
    breaker_longest: float = 600.0
    longest_retry_after: float = 3600.0

    def delay(self, tries: int) -> float:
        """Return how long to wait after the `tries`-th failed try: doubling, and up to half as much again by chance."""
        base = min(self.first_delay * 2 ** min(tries - 1, 30), self.last_delay / 1.5)
        return float(base * (1 + 0.5 * self.jitter()))

    def gives_up(self, *, tries: int, failing_since: datetime, now: datetime) -> bool:
        """Say whether a delivery that just failed again is to be parked."""
        return tries >= self.give_up_tries and now - failing_since >= timedelta(seconds=self.give_up_after)

    def pause(self, failures: int) -> float:
        """Return how long a destination pauses after `failures` in a row; 0 while those are few."""
        over = failures - self.breaker_failures
        return 0.0 if over < 0 else min(self.breaker_pause * 2 ** min(over, 30), self.breaker_longest)


CLOCK_WAS_AHEAD = timedelta(seconds=60)
"""A last stamp so far ahead of the clock is not waited for: the clock was wrong when it was given."""


def next_stamp(last: datetime | None, *, interval: float, now: datetime) -> tuple[datetime, bool]:
    """Return the stamp of a score and whether it may be sent now.

    Stamps of one key grow strictly and at least a second apart (Moodle 4.1 refuses two in the same whole second with
    409), are not ahead of the clock, and have whole milliseconds. Where our clock once ran ahead, the next one comes
    just after the last: LMSs that keep a score's own stamp (Canvas, Moodle 4.5, Open edX) refuse everything before it,
    so going back would not help, and waiting could take years.

    Args:
        last: the last one used, if any.
        interval: seconds the receiver wants between two.

    Returns:
        (stamp, True) to send now; (moment, False) to wait until then.
    """
    if last is not None:
        earliest = last + timedelta(seconds=max(1.0, interval))
        if last - now > CLOCK_WAS_AHEAD:
            return earliest, True
        if now < earliest:
            return earliest, False
    return now.replace(microsecond=now.microsecond // 1000 * 1000), True
