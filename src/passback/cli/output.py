"""How every command answers: for people, or with `--json` for programs."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import click

from passback.plugin import PackageWarning

Command = TypeVar("Command", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Answer with JSON.")
"""Decorator that every command carries."""


def answer(value: Any, text: str, *, as_json: bool) -> None:
    """Print `value` as JSON, or `text`."""
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False) if as_json else text)


def answer_rows(rows: Sequence[Mapping[str, Any]], *, empty: str, as_json: bool) -> None:
    """Print rows as a JSON list or as a table; `empty` is said where there are none."""
    if as_json or not rows:
        answer(rows, empty, as_json=as_json)
        return
    cells = [list(rows[0]), *[["" if value is None else str(value) for value in row.values()] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    msg = f"{type(value).__name__} has no JSON form"
    raise TypeError(msg)


def warning_line(warning: PackageWarning) -> str:
    """Return a package's warning for people: how much it weighs, whether it is a guess, and what it was seen by."""
    guess = "" if warning.certain else ", a guess"
    return f"{warning.severity}{guess}: {warning.message}{f' ({warning.evidence})' if warning.evidence else ''}"
