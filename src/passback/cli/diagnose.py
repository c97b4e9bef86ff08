"""`passback platforms diagnose`: tests an LMS and says, line by line, what works."""

import click

from passback.cli.output import answer, json_option
from passback.db import Unscoped, unscoped
from passback.lti.diagnosis import diagnose, diagnoses, worst
from passback.lti.diagnosis_models import PlatformDiagnosis
from passback.lti.platforms import find_platform

MARKS = {"ok": "✓", "warning": "!", "waiting": "…", "failed": "✗", "skipped": "-"}


@click.command("diagnose")
@click.argument("platform")
@click.option("--last", is_flag=True, help="Show what the last test found instead of testing now.")
@json_option
def diagnose_command(platform: str, last: bool, as_json: bool) -> None:
    """Test a PLATFORM (its id, client id or issuer), a line for each check. Ends with 1 where one has failed."""
    found = _last(platform) if last else diagnose(platform)
    if found is None:
        answer(None, "Not tested yet. Test it: passback platforms diagnose PLATFORM", as_json=as_json)
        return
    state = worst(found)
    shown = {"platform": found.platform_id, "at": found.at, "state": state, "checks": found.checks}
    answer(shown, "\n".join(_lines(found)), as_json=as_json)
    if state == "failed":
        raise SystemExit(1)


def _last(platform: str) -> PlatformDiagnosis | None:
    with unscoped(Unscoped.REGISTRATION) as session:
        return next(iter(diagnoses(session, find_platform(session, platform).id, limit=1)), None)


def _lines(found: PlatformDiagnosis) -> list[str]:
    lines = [f"Tested {found.at:%Y-%m-%d %H:%M:%S} UTC"]
    for check in found.checks:
        lines.append(f"{MARKS.get(str(check['state']), '?')} {check['name']}: {check['what']}")
        if check["side"]:
            lines.append(f"    On the side of {check['side']}. {check['next']}".rstrip())
        elif check["next"]:
            lines.append(f"    {check['next']}")
    return lines
