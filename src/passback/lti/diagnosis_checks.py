"""The tests of a platform, one line each: what was found, whose side it is on, what to do next.

They call the LMS and hold no transaction. A word of an answer is never repeated but the OAuth error code.
"""

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import cast

from pydantic import JsonValue

from passback.clock import utc_now
from passback.db import JsonObject
from passback.errors import PassbackError, Side
from passback.lti.claims import LEEWAY
from passback.lti.clocks import Skew, ahead_by_date, judge
from passback.lti.models import Platform
from passback.lti.nrps import MEMBERS_TYPE
from passback.lti.platform_keys import READ_SECONDS, usable_keys
from passback.lti.profiles import profile_for
from passback.lti.services import (
    LINE_ITEM,
    LINE_ITEM_READ,
    MEMBERSHIP_READ,
    SCORE,
    WANTED_SCOPES,
    ServiceClient,
    with_query,
)
from passback.lti.tokens import TokenRefusedError, fresh_token
from passback.outbound import HttpAnswer, OutboundError, OutboundRefusedError
from passback.runtime import runtime

OK, WARNING, WAITING, FAILED, SKIPPED = "ok", "warning", "waiting", "failed", "skipped"
LMS, TOOL = str(Side.LMS), str(Side.TOOL)
ACTIVATE = "Activate the tool in the LMS's administration, then test again."
LAUNCH_FIRST = "Open a course that is placed in the LMS once, as its teacher; this is then tested by itself."

THINGS = {"line items": "the gradebook's columns", "roster": "the roster"}


@dataclass(frozen=True)
class Check:
    """One line. `state`: ok, warning (works, with a drawback), waiting (for somebody), failed, or skipped.

    Args:
        side: whose side it is on, "" where all is well.
        seconds: of the clock: by how much the LMS's is ahead.
    """

    name: str
    state: str
    what: str
    side: str = ""
    next: str = ""
    seconds: float | None = None

    def as_dict(self) -> JsonObject:
        """Return it as it is stored and as `--json` shows it."""
        return cast("JsonObject", asdict(self))


@dataclass(frozen=True)
class Services:
    """The newest link's services, as its launch named them."""

    line_items_url: str
    line_item_url: str
    ags_scopes: tuple[str, ...]
    memberships_url: str

    def scopes(self) -> tuple[str, ...]:
        """Return all that was granted."""
        return (*self.ags_scopes, *((MEMBERSHIP_READ,) if self.memberships_url else ()))


def check_status(platform: Platform) -> Check:
    """Say whether the platform may launch; nothing is fetched from one that may not."""
    if platform.status == "active":
        return Check("registration", OK, "The LMS is registered and switched on.")
    if platform.status == "pending":
        what = "The LMS is registered and waits for approval; nothing is fetched from it until then."
        return Check("registration", WAITING, what, TOOL, "Approve it on the page LMSs.")
    return Check("registration", FAILED, "The LMS is switched off in Passback.", TOOL, "Approve it on the page LMSs.")


def check_discovery(platform: Platform, url: str) -> Check:
    """Compare what the LMS says of itself with what is registered."""
    try:
        answer = _get(platform, url, "application/json")
        said = answer.json() if answer.status == 200 else None
    except OutboundError:
        said = None
    if not isinstance(said, dict) or "issuer" not in said:
        what = "The LMS publishes no description of itself at the usual address. Many do not; nothing depends on it."
        return Check("discovery", SKIPPED, what)
    registered = {
        "issuer": platform.issuer,
        "authorization_endpoint": platform.auth_login_url,
        "token_endpoint": platform.token_url,
        "jwks_uri": platform.jwks_url,
    }
    different = [name for name, ours in registered.items() if said.get(name, ours) != ours]
    if not different:
        return Check("discovery", OK, "The LMS describes itself as it is registered here.")
    what = f"The LMS describes itself otherwise than it is registered here: {', '.join(different)}."
    return Check("discovery", WARNING, what, LMS, "If launches or grades fail, register the LMS again.")


def check_keys(platform: Platform) -> tuple[Check, Check]:
    """Fetch the LMS's public keys, and compare clocks by the answer's `Date`."""
    began = utc_now()
    try:
        answer = _get(platform, platform.jwks_url, "application/json")
    except OutboundError as error:
        return _unreached("keys", "the LMS's public keys", error), _no_clock()
    middle = began + (utc_now() - began) / 2
    clock = check_clock(ahead_by_date(answer.headers.get("date", ""), middle))
    try:
        usable = usable_keys(answer, platform.algorithms) if answer.status == 200 else None
    except OutboundError:
        usable = None
    fix = "Correct the address of the LMS's public keys; the LMS's page of the tool shows it (public keyset URL)."
    if usable is None:
        what = f"The address of the LMS's public keys answers {answer.status}, without a key set."
        return Check("keys", FAILED, what, LMS, fix), clock
    if not usable:
        return Check("keys", FAILED, "The LMS's key set holds no key that could sign a launch.", LMS, fix), clock
    return Check("keys", OK, f"The LMS's public keys can be read ({usable})."), clock


def check_clock(ahead: float | None) -> Check:
    """Judge the distance between the clocks, by an answer's date."""
    if ahead is None:
        return _no_clock()
    words = f"By its answers, the LMS's clock is {_distance(ahead)}."
    return _clock("clock", words, judge(ahead), ahead)


def check_launch_clock(skew: Skew | None) -> Check:
    """Judge the distance between the clocks, by the newest launches."""
    if skew is None:
        return Check("launch clock", WAITING, "Nobody has launched yet, so launches say nothing of the LMS's clock.")
    words = f"By its newest launches ({skew.measured}), the LMS's clock is {_distance(skew.seconds)}."
    return _clock("launch clock", words, skew.state, skew.seconds)


def check_token(platform: Platform, services: Services | None, *, launched: bool) -> Check:
    """Ask for an access token, as every call to a service does."""
    attempts: tuple[Collection[str], ...] = (WANTED_SCOPES, (SCORE,), (MEMBERSHIP_READ,))
    if services is not None and services.scopes():
        attempts = (services.scopes(),)
    for scopes in attempts:
        try:
            fresh_token(platform, scopes)
        except TokenRefusedError as error:
            if "invalid_scope" in error.detail and scopes is not attempts[-1]:
                continue  # Sakai grants all of them or none
            return _token_refused(error, launched=launched)
        except OutboundError as error:
            return _unreached("token", "the LMS's access token address", error)
        break
    return Check("token", OK, "The LMS gives Passback access to its services.")


def check_line_items(platform: Platform, services: Services | None) -> Check:
    """Read the columns of the newest link's gradebook."""
    name = "line items"
    if services is None:
        return Check(name, WAITING, "Not tested yet: the first launch says where the gradebook is.", LMS, LAUNCH_FIRST)
    if not services.line_items_url and not services.line_item_url:
        what = "The newest launch brought no gradebook service, so grades cannot be sent from there."
        return Check(
            name, WARNING, what, LMS, "Allow the tool to manage grades in the LMS, then open the course again."
        )
    client = ServiceClient(platform, services.ags_scopes)
    if not client.may(LINE_ITEM, LINE_ITEM_READ):
        return Check(name, SKIPPED, "The LMS takes grades, but does not let Passback read its columns.")
    profile = profile_for(runtime().plugins.lms_profiles, platform.product, platform.issuer)
    one = not services.line_items_url
    accept = "application/vnd.ims.lis.v2.lineitem+json" if one else profile.accept_line_items
    url = services.line_item_url if one else with_query(services.line_items_url, limit="1")
    return _ask(name, client, url, accept, lambda body: isinstance(body, dict if one else list))


def check_roster(platform: Platform, services: Services | None) -> Check:
    """Read the beginning of the newest link's roster."""
    if services is None:
        return Check("roster", WAITING, "Not tested yet: the first launch says where the roster is.", LMS, LAUNCH_FIRST)
    if not services.memberships_url:
        what = "The newest launch brought no roster service: who never started cannot be shown."
        return Check("roster", WARNING, what, LMS, "Allow the tool to read the course's members in the LMS, if wanted.")
    client = ServiceClient(platform, (MEMBERSHIP_READ,))
    url = with_query(services.memberships_url, limit="1")
    return _ask("roster", client, url, MEMBERS_TYPE, _is_roster)


def _is_roster(body: JsonValue) -> bool:
    return isinstance(body, dict) and isinstance(body.get("members"), list)


def _ask(name: str, client: ServiceClient, url: str, accept: str, fits: Callable[[JsonValue], bool]) -> Check:
    thing = THINGS[name]
    try:
        answer = client.call("GET", url, accept=accept)
        if answer.status == 200 and fits(answer.json()):
            return Check(name, OK, f"Passback can read {thing}.")
    except TokenRefusedError as error:
        return Check(name, FAILED, f"The LMS gives no access to {thing}.", LMS, error.advice)
    except OutboundError as error:
        return _unreached(name, thing, error)
    return _service_refused(name, answer.status)


def _service_refused(name: str, status: int) -> Check:
    what = f"The LMS answers {status} when asked for {THINGS[name]}"
    if status == 200:
        return Check(name, FAILED, f"{what}, but with something else.", LMS, "Tell the LMS's support.")
    if status == 429 or status >= 500:
        return Check(name, WARNING, f"{what}: it is busy or down.", LMS, "Test again later.")
    if status in {404, 410}:
        return Check(name, WARNING, f"{what}: the course it was in may be gone.", LMS, LAUNCH_FIRST)
    return Check(name, FAILED, f"{what}.", LMS, "Check in the LMS what the tool may do (services, privacy).")


def _token_refused(error: TokenRefusedError, *, launched: bool) -> Check:
    status = error.http_status
    if status == 429 or status >= 500:
        return Check("token", WARNING, f"The LMS is busy or down ({error.detail}).", LMS, "Test again later.")
    if status in {400, 401, 403} and not launched:
        what = f"The LMS gives no access yet ({error.detail}). It usually waits for activation there."
        return Check("token", WAITING, what, LMS, f"{ACTIVATE} If it stays: {error.advice}")
    return Check("token", FAILED, f"The LMS refuses access to its services ({error.detail}).", LMS, error.advice)


def _unreached(name: str, thing: str, error: PassbackError) -> Check:
    if isinstance(error, OutboundRefusedError):
        what = f"Passback may not call the address of {thing}: it is private or not encrypted, and was not approved."
        return Check(name, FAILED, what, TOOL, "Approve the LMS again, or correct the address.")
    what = f"Passback cannot reach {thing} ({error.code})."
    return Check(name, FAILED, what, LMS, "Check the address, and whether the LMS's firewall lets this server in.")


def _clock(name: str, words: str, state: str, ahead: float) -> Check:
    if state == OK:
        return Check(name, OK, words, seconds=round(ahead, 1))
    told = f"{words} Launches are refused beyond {LEEWAY:.0f} seconds."
    advice = "Set the clocks of both servers by NTP."
    return Check(name, state, told, f"{LMS} or {TOOL}", advice, round(ahead, 1))


def _no_clock() -> Check:
    return Check("clock", SKIPPED, "No answer of the LMS said what time it is there.")


def _distance(ahead: float) -> str:
    if abs(ahead) < 2:
        return "the same as ours"
    return f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} ours"


def _get(platform: Platform, url: str, accept: str) -> HttpAnswer:
    return runtime().http.request(
        "GET", url, headers={"Accept": accept}, approved_hosts=platform.approved_hosts, read_seconds=READ_SECONDS
    )
