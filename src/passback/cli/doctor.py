"""`passback doctor`: looks the installation over, from settings to the answers of its own addresses."""

from collections.abc import Iterator
from dataclasses import asdict
from urllib.parse import urlsplit
from uuid import UUID

import click

from passback.cli import inspection
from passback.cli.inspection import Finding, finding
from passback.cli.output import answer_rows, json_option
from passback.outbound import OutboundError
from passback.runtime import runtime
from passback.settings import Settings
from passback.web.health import problems

LOCAL = ("localhost", "127.0.0.1", "::1")
SHARED = "packages run on one host and can read each other's browser storage; a wildcard name keeps them apart"
SAME_NAME = "packages run under the name people sign in on; browsers send its cookies to both: use another name"
PLAIN = "LMSs frame and launch https pages only; put a proxy that speaks https in front"


@click.command("doctor")
@json_option
def doctor_command(as_json: bool) -> None:
    """Look the installation over and say what to do. Ends with 1 where something has failed."""
    settings, health = runtime().settings, problems()
    findings = [*(finding(name, failed=problem) for name, problem in health.items()), *_settings(settings)]
    findings += inspection.secrets(settings)
    if not health["database"]:
        findings += inspection.database_home(settings)
        findings += inspection.plugin_tables()
        findings += inspection.waiting()
        findings += inspection.platforms()
    findings += _addresses(settings)
    answer_rows([asdict(one) for one in findings], empty="", as_json=as_json)
    if any(one.state == "failed" for one in findings):
        raise SystemExit(1)


def _settings(settings: Settings) -> Iterator[Finding]:
    app, content = urlsplit(settings.url), urlsplit(settings.content_url)
    drawback = SAME_NAME if app.hostname == content.hostname else "" if "*" in settings.content_url else SHARED
    yield Finding("PASSBACK_CONTENT_URL", "warning" if drawback else "ok", drawback)
    if app.hostname not in LOCAL:
        plain = PLAIN if "http" in {app.scheme, content.scheme} else ""
        yield finding("https", failed=plain if settings.environment == "production" else "", warning=plain)


def _addresses(settings: Settings) -> Iterator[Finding]:
    """Call both addresses as a browser would, and see whether this installation answers under their names."""
    yield _call("app address", f"{settings.url}/lti/jwks", expected=200)
    content = runtime().hosts.content_origin(UUID(int=0))
    if (urlsplit(content).hostname or "").endswith(".localhost"):
        return  # browsers resolve these names themselves; this machine need not
    yield _call("content address", f"{content}/c/doctor/", expected=403)


def _call(check: str, url: str, *, expected: int) -> Finding:
    try:
        status = runtime().http.request("GET", url, approved_hosts=[urlsplit(url).netloc]).status
    except OutboundError as error:
        return Finding(check, "warning", f"{url} cannot be reached from here ({error.detail}); is the server running?")
    if status == expected:
        return Finding(check, "ok")
    if status == 421:
        advice = "arrives under another host name: the proxy must pass the Host header on, or the setting is wrong"
        return Finding(check, "failed", f"{url} {advice}")
    return Finding(check, "failed", f"{url} answers {status}: something else answers there")
