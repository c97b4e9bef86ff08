"""Runs cases and writes down what came of each."""

import traceback
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue
from structlog.testing import capture_logs

from passback.testing.certification.bench import open_bench
from passback.testing.certification.installation import Installation
from passback.testing.certification.model import Case, CaseFailedError


@dataclass(frozen=True)
class Evidence:
    """What a case sent and what the tool made of it.

    Args:
        at: when, in UTC.
        answered: the tool's verdict in words; where it is wrong, what is wrong with it.
        launch_code: of the launch that was judged last, "" where there is none.
        cause: stable code of the refusal, "" where nothing was refused.
        side: whose side the tool said it is on.
        log: what the tool itself logged.
    """

    id: str
    at: str
    sent: str
    expected: str
    answered: str
    launch_code: str
    cause: str
    side: str
    passed: bool
    log: tuple[str, ...] = ()

    def line(self) -> str:
        """Return the one line of the log."""
        verdict = "PASS" if self.passed else "FAIL"
        code = f" | launch code {self.launch_code}" if self.launch_code else ""
        return (
            f"{self.at} {verdict} {self.id} | sent: {self.sent} | expected: {self.expected} | "
            f"the tool: {self.answered}{code}"
        )

    def as_json(self) -> dict[str, JsonValue]:
        """Return all of it as plain data."""
        return {**asdict(self), "log": list(self.log)}


def run_case(installation: Installation, case: Case) -> Evidence:
    """Run one case against the installation, in a tenant of its own, and say what came of it; raises nothing."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    with installation.app.app_context(), capture_logs() as entries:
        installation.server.platform.log.clear()
        bench = open_bench(installation)
        del entries[:]
        try:
            answered, passed = case.run(bench), True
            bench.expect(not any(str(one["event"]).endswith("fault") for one in entries), "no fault in the tool's log")
        except CaseFailedError as error:
            answered, passed = str(error), False
        except Exception:  # noqa: BLE001 - a fault in the middle of a case is that case's failure; the others go on
            answered, passed = traceback.format_exc(limit=-3), False
        finally:
            installation.server.faults.clear()
    log = tuple(map(_plain, entries))
    return Evidence(
        case.id, at, case.sent, case.expected, answered, bench.launch_code, bench.cause, bench.side, passed, log
    )


def _plain(entry: MutableMapping[str, Any]) -> str:
    """Return a log entry as one line."""
    facts = " ".join(f"{name}={value}" for name, value in entry.items() if name not in {"event", "log_level"})
    return f"{entry['log_level']} {entry['event']} {facts}"
