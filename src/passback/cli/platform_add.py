"""`passback platforms add`: an LMS by hand, with what its product's guide knows already."""

from typing import Any

import click

from passback.cli.output import answer, json_option
from passback.cli.tenants import named_tenant, tenant_option
from passback.db import Unscoped, unscoped
from passback.errors import NotFoundError
from passback.lti import platforms
from passback.lti.connecting import announce, connect
from passback.lti.guides import GENERIC
from passback.lti.models import Platform
from passback.lti.profiles import guided
from passback.lti.tool_config import guides, told
from passback.plugin import ConnectGuide, LmsProfile
from passback.runtime import runtime

ACTOR = "cli"


@click.command("add")
@click.option("--lms", default="", help="blackboard, schoology, openedx, canvas …: fills in what is always the same.")
@click.option("--base", default="", help="With --lms: the LMS's own address, from which others follow.")
@click.option("--issuer", default="", help="The LMS's issuer, to the letter.")
@click.option("--client-id", required=True, help="The client id the LMS gave the tool.")
@click.option("--auth-url", "auth_login_url", default="", help="Authentication request URL (authorization endpoint).")
@click.option("--token-url", default="", help="Access token URL.")
@click.option("--jwks-url", default="", help="Public keyset URL.")
@click.option("--token-audience", default="", help="Where it differs from the token URL (Brightspace).")
@click.option("--deployment", "deployment_ids", multiple=True, help="Deployment id; may be given several times.")
@click.option("--product", default="", help="Without --lms: moodle, canvas, blackboardlearn, desire2learn, sakai …")
@click.option("--name", default="", help="What people call it.")
@tenant_option
@json_option
def add_command(
    as_json: bool, tenant: str, lms: str, product: str, deployment_ids: tuple[str, ...], **fields: str
) -> None:
    """Add an LMS by hand, where it has no Dynamic Registration. In the LMS, enter the addresses shown at the end."""
    profile = _profile(lms) if lms else LmsProfile(product.lower(), "", connect=GENERIC)
    assert profile.connect is not None  # noqa: S101 - `_profile` finds by it
    with unscoped(Unscoped.REGISTRATION, write=True) as session:
        tenant_id = named_tenant(session, tenant).id
        platform = connect(session, profile, fields, tenant_id=tenant_id, actor=ACTOR)
        for deployment_id in deployment_ids:
            announce(session, platform, deployment_id, tenant_id, actor=ACTOR)
        shown = summary(platform) | {"tool": platforms.tool_addresses()}
    answer(shown, _told(platform, profile.connect), as_json=as_json)


def _told(platform: Platform, guide: ConnectGuide) -> str:
    lines = [f"{platform.name} is connected. What its page of the tool asks for:"]
    entries = told(guide, runtime().settings.url) or list(platforms.tool_addresses().items())
    lines += [f"  {name}: {value}" for name, value in entries]
    lines += [f"Then: {sentence}" for sentence in guide.after]
    return "\n".join(lines)


def _profile(lms: str) -> LmsProfile:
    found = guided(runtime().plugins.lms_profiles, lms.strip().lower())
    if found is None:
        known = ", ".join(guide.name for guide, _ in guides(runtime().plugins.lms_profiles))
        raise NotFoundError(f"guide for {lms!r}", advice=f"There is one for: {known}. Others: leave out --lms.")
    return found


def summary(platform: Platform) -> dict[str, Any]:
    """Return what lists and answers show of a platform."""
    return {
        "id": platform.id,
        "name": platform.name,
        "issuer": platform.issuer,
        "client_id": platform.client_id,
        "product": platform.product,
        "status": platform.status,
    }
