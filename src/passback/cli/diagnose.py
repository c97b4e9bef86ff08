"""`passback platforms diagnose`: tests an LMS and says, line by line, what works."""

import click

from passback.cli.output import answer, json_option
from passback.db import Unscoped, unscoped
from passback.errors import NotFoundError
from passback.lti import debugger, records
from passback.lti.diagnosis import diagnose, diagnoses, worst
from passback.lti.diagnosis_models import PlatformDiagnosis
from passback.lti.platforms import find_platform

MARKS = {"ok": "✓", "warning": "!", "waiting": "…", "failed": "✗", "skipped": "-"}
_STEPS = {"passed": "✓", "failed": "✗", "not reached": "·"}


@click.command("diagnose")
@click.argument("platform", default="")
@click.option("--last", is_flag=True, help="Show what the last test found instead of testing now.")
@click.option("--launch", "code", default="", help="Tell what became of the launch with this code instead.")
@json_option
def diagnose_command(platform: str, last: bool, code: str, as_json: bool) -> None:
    """Test a PLATFORM (its id, client id or issuer), a line for each check. Ends with 1 where one has failed."""
    if code:
        _tell_launch(code, as_json=as_json)
        return
    if not platform:
        raise click.UsageError("Name a PLATFORM (passback platforms list shows them), or a --launch.")
    found = _last(platform) if last else diagnose(platform)
    if found is None:
        answer(None, "Not tested yet. Test it: passback platforms diagnose PLATFORM", as_json=as_json)
        return
    state = worst(found)
    shown = {"platform": found.platform_id, "at": found.at, "state": state, "checks": found.checks}
    answer(shown, "\n".join(_lines(found)), as_json=as_json)
    if state == "failed":
        raise SystemExit(1)


def _tell_launch(code: str, *, as_json: bool) -> None:
    with unscoped(Unscoped.REGISTRATION) as session:
        record = records.find(session, code)
    if record is None:
        raise NotFoundError("launch code", advice="A launch is kept for 90 days; compare the code with the page.")
    story = debugger.tell(record)
    lines = [f"{story.code}  {story.at:%Y-%m-%d %H:%M:%S} UTC  {story.headline}"]
    lines += [f"  {line}" for line in (story.cause, story.side_words, story.fix, *story.likely) if line]
    lines += [
        f"{_STEPS[step.verdict]} {step.words}{f' ({step.detail})' if step.detail else ''}" for step in story.steps
    ]
    lines += story.browser
    lines += [f"{one.at:%H:%M:%S} {one.words}" if one.at else one.words for one in story.afterwards]
    answer(story.as_dict(), "\n".join(lines), as_json=as_json)


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
