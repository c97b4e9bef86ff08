"""What an import found imperfect, as it is kept with a version and read back."""

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any, cast, get_args

from passback.db import JsonObject
from passback.plugin import PackageWarning, Severity

_TEXTS = ("code", "message", "evidence", "advice", "file")


def stored_warnings(warnings: Iterable[PackageWarning]) -> list[JsonObject]:
    """Return warnings as they are kept."""
    kept = [field.name for field in fields(PackageWarning)]  # a plugin's own class may have more
    return [{name: value for name, value in asdict(warning).items() if name in kept} for warning in warnings]


def read_warnings(stored: Iterable[JsonObject]) -> tuple[PackageWarning, ...]:
    """Return kept warnings; what earlier versions did not keep of them is as they were meant: facts that were told."""
    return tuple(_read(one) for one in stored)


def _read(stored: JsonObject) -> PackageWarning:
    texts: dict[str, Any] = {name: str(stored.get(name) or "") for name in _TEXTS}
    severity, line = stored.get("severity"), stored.get("line")
    return PackageWarning(
        **texts,
        severity=cast("Severity", severity) if severity in get_args(Severity) else "warning",
        certain=stored.get("certain") is not False,
        line=line if isinstance(line, int) else 0,
    )
