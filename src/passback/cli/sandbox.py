"""`passback sandbox`: the practice LMS on its own."""

from dataclasses import replace
from pathlib import Path

import click

from passback.cli.output import answer, json_option
from passback.errors import PassbackError
from passback.sandbox.core import BrokenStateError, SandboxConfig
from passback.sandbox.faults import AREAS
from passback.sandbox.platform import Platform
from passback.sandbox.profiles import PROFILES
from passback.sandbox.server import serve
from passback.sandbox.toolpages import FAULTS


class PortTakenError(PassbackError):
    """The practice LMS cannot listen at this address."""

    code = "sandbox_port"
    advice = "Something else listens there; choose another port with --port."


class StateUnreadableError(PassbackError):
    """The file that keeps the practice LMS's course and grades cannot be read."""

    code = "sandbox_state"
    advice = "Delete it to start with a new practice LMS, or name another file with --state."


@click.command("sandbox")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--tool-url", default="http://localhost:8000", show_default=True, help="The tool to try.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), help="File that keeps course and grades.")
@click.option("--profile", type=click.Choice(sorted(PROFILES)), default="moodle", show_default=True)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="SERVICE=KIND[*TIMES]",
    help=f"Let requests fail from the start: score=503*2. Services: {', '.join(AREAS)}; kinds: {', '.join(FAULTS)}.",
)
@json_option
def sandbox_command(
    *,
    host: str,
    port: int,
    tool_url: str,
    state: Path | None,
    profile: str,
    faults: tuple[str, ...],
    as_json: bool,
) -> None:
    """Run the practice LMS until it is interrupted."""
    config = replace(SandboxConfig(), profile=PROFILES[profile], state_file=state)
    planned = [_read_fault(text) for text in faults]

    def _prepare(platform: Platform) -> None:
        for area, kind, times in planned:
            platform.faults.add(area, FAULTS[kind](times))
        url = platform.config.url
        answer({"url": url, "profile": profile}, f"The practice LMS ({profile}) is at {url}", as_json=as_json)

    try:
        serve(host, port, tool_url, config=config, prepare=_prepare)
    except BrokenStateError as error:
        raise StateUnreadableError(str(error)) from error
    except OSError as error:
        raise PortTakenError(f"{host}:{port}: {error.strerror}") from error
    except KeyboardInterrupt:
        click.echo("")


def _read_fault(text: str) -> tuple[str, str, int]:
    area, _, rest = text.partition("=")
    kind, _, times = rest.partition("*")
    if area not in AREAS or kind not in FAULTS or (times and not times.isdecimal()):
        raise click.BadParameter(f"{text!r} is not SERVICE=KIND[*TIMES]", param_hint="--fault")
    return area, kind, int(times or 1)
