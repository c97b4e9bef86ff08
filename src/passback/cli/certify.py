"""`passback certify`: 1EdTech's tool cases and our own, against a scratch installation, with a log as evidence."""

import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from pydantic import JsonValue

from passback import __version__
from passback.cli.output import answer, json_option

if TYPE_CHECKING:
    from passback.testing.certification import Evidence
    from passback.testing.certification.model import Case


@click.command("certify")
@click.argument("cases", nargs=-1)
@click.option("--output", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write the log there.")
@click.option("--list", "only_list", is_flag=True, help="Name the cases and run none.")
@json_option
def certify_command(cases: tuple[str, ...], output: Path | None, *, only_list: bool, as_json: bool) -> None:
    """Run the LTI Advantage tool cases and write a line of evidence for each. Ends with 1 where one has failed.

    CASES are ids (B10, X8-within) or their beginning (X8, AGS4, student); none means all. Everything happens in a
    temporary folder with a practice LMS beside it: neither settings nor data of an installation are read or touched.
    """
    from passback.testing.certification import find_cases  # noqa: PLC0415 - no other command needs the memory

    try:
        chosen = find_cases(cases)
    except KeyError as error:
        raise click.UsageError(f"No case is called {error.args[0]}; --list names them all.") from error
    if only_list:
        rows: list[JsonValue] = [{"id": one.id, "sent": one.sent, "expected": one.expected} for one in chosen]
        answer(rows, "\n".join(f"{one.id:28} {one.sent}: {one.expected}" for one in chosen), as_json=as_json)
        return
    evidence = list(_run(chosen, aloud=not as_json))
    failed = [one.id for one in evidence if not one.passed]
    report = {
        "tool": f"Passback {__version__}",
        "python": platform.python_version(),
        "at": datetime.now(UTC),
        "passed": len(evidence) - len(failed),
        "failed": failed,
        "cases": [one.as_json() for one in evidence],
    }
    summary = f"{len(evidence) - len(failed)} of {len(evidence)} cases passed" + (
        f"; failed: {', '.join(failed)}" if failed else ""
    )
    answer(report, summary, as_json=as_json)
    if output is not None:
        _write(output, evidence, summary)
    if failed:
        raise SystemExit(1)


def _run(chosen: Sequence["Case"], *, aloud: bool) -> Iterator["Evidence"]:
    """Run the cases, part by part; say each line as soon as it is known."""
    from passback.testing.certification import PARTS, open_installation, run_case  # noqa: PLC0415 - as above

    wanted = {case.id for case in chosen}
    with open_installation() as installation:
        for part in PARTS:
            cases = [case for case in part.cases if case.id in wanted]
            if aloud and cases:
                click.echo(f"# {part.title}")
            for case in cases:
                found = run_case(installation, case)
                if aloud:
                    click.echo(found.line())
                yield found


def _write(output: Path, evidence: Sequence["Evidence"], summary: str) -> None:
    """Write the log: a line for each case with what the tool logged of it below."""
    lines = [f"# Passback {__version__}, LTI Advantage tool cases"]
    for one in evidence:
        lines += [one.line(), *(f"    {entry}" for entry in one.log)]
    output.write_text("\n".join([*lines, f"# {summary}", ""]), encoding="utf-8")
