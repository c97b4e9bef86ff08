"""Beyond the guide: states, browsers, logins and what comes instead of a launch (X12, X15, X23, X24, X28, X31)."""

import threading
from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qsl, urlsplit

from flask.testing import FlaskClient

from passback.errors import Side
from passback.sandbox import drive
from passback.testing.certification.bench import ACCEPTED, Bench, open_bench
from passback.testing.certification.breaking import form, form_without, refused
from passback.testing.certification.installation import TOOL
from passback.testing.certification.model import Case

COOKIE = "passback-lti"
TEN_MINUTES = 600
HINTS = ('{"cmid":5,"launchid":"ltilaunch3_1171564134"}', "Zoë 名前 🦉 & = + %20", "")
MEGABYTE = 1_000_000


# --- States and browsers ---------------------------------------------------------------------------------------------


def _other_browser(bench: Bench) -> str:
    """A browser that has a cookie of its own, and one that has none."""
    _trip, given = bench.held_back()
    other = bench.installation.app.test_client()
    bench.opened(bench.launch(client=other).reply)
    bench.refused(bench.post(given, bench.installation.app.test_client()), "other_browser", Side.BROWSER)
    return bench.refused(bench.post(given, other), "other_browser", Side.BROWSER)


def _login_csrf(bench: Bench) -> str:
    """The attacker begins and keeps the launch back; the victim's browser is made to finish it."""
    attacker, victim = bench.installation.app.test_client(), bench.client
    bench.opened(bench.launch(client=victim).reply)
    _trip, stolen = bench.held_back(attacker, user=bench.lms.learners[2])
    answered = bench.refused(bench.post(stolen, victim), "other_browser", Side.BROWSER)
    bench.expect(bench.post(stolen, attacker).status == 303, "the login is still good where it began")
    return answered


def _expired(bench: Bench) -> str:
    """The state is eleven minutes old, the token fresh."""
    with bench.installation.later(-TEN_MINUTES - 60):
        trip, given = bench.held_back()
    fresh = bench.lms.make_id_token(bench.student, bench.link, nonce=trip.asked["nonce"])
    return bench.refused(bench.post({**given, "id_token": fresh}), "state_expired", Side.BROWSER)


def _nearly_expired(bench: Bench) -> str:
    with bench.installation.later(-TEN_MINUTES + 60):
        trip, given = bench.held_back()
    fresh = bench.lms.make_id_token(bench.student, bench.link, nonce=trip.asked["nonce"])
    return bench.opened(bench.post({**given, "id_token": fresh}))


def _consumed_twice(bench: Bench) -> str:
    """The state of an accepted launch, with a fresh token for it."""
    first = bench.launch()
    bench.opened(first.reply)
    fresh = bench.lms.make_id_token(bench.student, bench.link, nonce=first.asked["nonce"])
    return bench.refused(bench.post({**first.form.fields, "id_token": fresh}), "state_used", Side.BROWSER)


def _garbage_burns_nothing(bench: Bench) -> str:
    _trip, given = bench.held_back()
    bench.refused(bench.post({**given, "id_token": "garbage"}), "token_malformed")
    return bench.opened(bench.post(given))


# --- Issuers with several clients ------------------------------------------------------------------------------------


def _two_clients(bench: Bench) -> str:
    """Each of two registrations of one issuer launches; each tenant sees its own alone."""
    other = open_bench(bench.installation)
    bench.opened(bench.launch().reply)
    other.opened(other.launch().reply)
    bench.expect(other.traces() == bench.traces() == bench.found, "one registration in each tenant")
    return "accepted (learner), registered, each in its own tenant"


def _which_client(bench: Bench) -> str:
    open_bench(bench.installation)
    return bench.refused(bench.login(bench.login_fields(client_id=None)), "client_ambiguous")


def _wrong_client(bench: Bench) -> str:
    return bench.refused(bench.login(bench.login_fields(client_id="another")), "client_unknown")


def _only_client(bench: Bench) -> str:
    issuer = f"https://{bench.tenant_id}.test"
    bench.change_platform(issuer=issuer)
    reply = bench.login(bench.login_fields(iss=issuer, client_id=None))
    bench.expect(_asked(reply).get("client_id") == bench.tool.client_id, f"on to the LMS; answered {reply.status}")
    return "went on to the LMS, as the only client of the issuer"


# --- Forms -----------------------------------------------------------------------------------------------------------


def _by_get(bench: Bench) -> str:
    _trip, given = bench.held_back()
    reply = drive.send(bench.client, "GET", f"{TOOL}/lti/launch", given)
    bench.expect(reply.status == 405, f"405; answered {reply.status}")
    bench.expect(bench.traces() == bench.found, "nothing recorded")
    bench.expect(bench.post(given).status == 303, "the login is still good by POST")
    return "refused with 405; nothing recorded; the login stayed good"


def _given_twice(bench: Bench) -> str:
    _trip, given = bench.held_back()
    body = f"state={given['state']}&state={given['state']}&id_token={given['id_token']}"
    return bench.refused(_raw(bench, body), "message_malformed", Side.REQUEST)


def _a_megabyte(bench: Bench) -> str:
    return bench.refused(_raw(bench, "state=a&id_token=" + "x" * MEGABYTE), "message_too_large")


def _raw(bench: Bench, body: str) -> drive.Reply:
    url = f"{TOOL}/lti/launch"
    answer = bench.client.post(url, data=body, content_type="application/x-www-form-urlencoded")
    return drive.Reply(answer.status_code, url, dict(answer.headers), answer.text, answer)


def _refusal(error: str, words: str) -> Callable[[Bench], str]:
    """Make a platform's error answer; its description is nobody's to show."""

    def run(bench: Bench) -> str:
        told = {"error": error, "error_description": "<b>described</b>"}
        reply = bench.launch(change_form=lambda given: {**told, "state": given["state"]}).reply
        bench.expect(words in reply.text, f"the page says “{words}”")
        bench.expect("described" not in reply.text, "the platform's description is not shown")
        bench.expect("<script>" not in reply.text, "no markup of the platform's on the page")
        return bench.refused(reply, "platform_refused")

    return run


# --- Login initiation ------------------------------------------------------------------------------------------------


def _without(name: str) -> Callable[[Bench], str]:
    return lambda bench: bench.refused(bench.login(bench.login_fields(**{name: None})), "login_incomplete")


def _no_target(bench: Bench) -> str:
    """The signed launch says the target again, so its absence here harms nobody (Sakai and tests omit it)."""
    reply = bench.login(bench.login_fields(target_link_uri=None))
    bench.expect(_asked(reply).get("login_hint") == bench.student.id, f"on to the LMS; answered {reply.status}")
    return "went on to the LMS; the target is read from the signed launch alone"


def _hints(bench: Bench) -> str:
    for hint in HINTS:
        asked = _asked(bench.login(bench.login_fields(lti_message_hint=hint)))
        bench.expect(asked.get("lti_message_hint") == hint, f"the hint {hint!r} unchanged")
    bench.expect("lti_message_hint" not in _asked(bench.login(bench.login_fields())), "none where none was given")
    return "the hints came back byte for byte"


def _address_with_query(bench: Bench) -> str:
    bench.change_platform(auth_login_url=f"{bench.lms.auth_url}?site=3")
    trip = bench.launch()
    bench.expect(trip.asked.get("site") == "3" and trip.asked.get("scope") == "openid", "both queries in the address")
    return bench.opened(trip.reply)


def _asked(reply: drive.Reply) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(reply.location).query, keep_blank_values=True))


# --- Tabs, back and reload -------------------------------------------------------------------------------------------


def _two_tabs(bench: Bench) -> str:
    """Two tabs of one browser begin, and both launches arrive at one moment."""
    bench.opened(bench.launch().reply)
    forms = [bench.held_back()[1] for _tab in range(2)]
    tabs = [_same_browser(bench) for _tab in range(2)]
    replies = _together([partial(bench.post, given, tab) for tab, given in zip(tabs, forms, strict=True)])
    for reply in replies:
        bench.expect(reply.status == 303, f"both accepted; answered {reply.status}")
    found = bench.traces()
    bench.expect(found[:5] == bench.found[:5], "one learner, one registration, one delivery, however many tabs")
    return "both accepted; one registration"


def _same_launch_twice(bench: Bench) -> str:
    """The same form arrives twice at one moment: a double click, or a resend."""
    bench.opened(bench.launch().reply)
    _trip, given = bench.held_back()
    before = bench.traces()
    tabs = [_same_browser(bench) for _tab in range(2)]
    statuses = sorted(reply.status for reply in _together([partial(bench.post, given, tab) for tab in tabs]))
    bench.expect(statuses == [303, 409], f"one accepted, one told that it was used; answered {statuses}")
    accepted = bench.traces()[ACCEPTED] - before[ACCEPTED]
    bench.expect(accepted == 1, f"one accepted launch on record; found {accepted}")
    return "one accepted, the other refused (state_used)"


def _reload(bench: Bench) -> str:
    """Reload of the launch itself, then back to the page that it led to, twice."""
    trip = bench.launch()
    bench.opened(trip.reply)
    answered = bench.refused(bench.post(trip.form.fields), "state_used", Side.BROWSER)
    for _again in range(2):
        bench.expect(drive.follow(bench.client, trip.reply).status == 200, "the page it led to still opens")
    bench.expect(bench.traces() == bench.found, "nothing counted twice")
    return f"the reload {answered}; going back opens the course again"


def _same_browser(bench: Bench) -> FlaskClient:
    """Return another tab: test clients are not for several threads at once."""
    tab = bench.installation.app.test_client()
    cookie = bench.client.get_cookie(COOKIE, domain="localhost")
    bench.expect(cookie, "the browser has the binding cookie")
    tab.set_cookie(COOKIE, cookie.value if cookie else "", domain="localhost")
    return tab


def _together(calls: list[Callable[[], drive.Reply]]) -> list[drive.Reply]:
    start, replies = threading.Barrier(len(calls)), dict[int, drive.Reply]()

    def run(index: int) -> None:
        start.wait()
        replies[index] = calls[index]()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [replies[index] for index in range(len(calls))]


_BROWSER = "refused ({}), on the side of your browser; nothing more recorded"
_INCOMPLETE = "refused (login_incomplete), on the side of the LMS; nothing recorded"
_PLATFORM = "refused (platform_refused), in plain words, on the side of the LMS; nothing recorded"

STATES = (
    refused("X12-missing", "no state", form_without("state"), "message_malformed", side=Side.REQUEST),
    refused("X12-wrong", "a state that was never given out", form(state="never"), "state_unknown", side=Side.REQUEST),
    Case("X12-other-browser", "the launch in another browser", _BROWSER.format("other_browser"), _other_browser),
    Case("X12-login-csrf", "an attacker's launch in a victim's browser", _BROWSER.format("other_browser"), _login_csrf),
    Case("X12-expired", "a login of eleven minutes ago", _BROWSER.format("state_expired"), _expired),
    Case("X12-nine-minutes", "a login of nine minutes ago", "accepted (learner), registered", _nearly_expired),
    Case("X12-consumed", "the state of an accepted launch again", _BROWSER.format("state_used"), _consumed_twice),
    Case(
        "X12-garbage", "garbage with a right state, then the launch", "refused, then accepted", _garbage_burns_nothing
    ),
)
CLIENTS = (
    Case(
        "X15-two-clients",
        "one issuer, two client ids, a launch from each",
        "accepted, each in its tenant",
        _two_clients,
    ),
    Case("X15-which", "a login without client_id from an issuer of two", "refused (client_ambiguous)", _which_client),
    Case("X15-only", "a login without client_id from an issuer of one", "goes on to the LMS", _only_client),
    Case("X15-wrong", "a login with another client_id", "refused (client_unknown)", _wrong_client),
)
FORMS = (
    Case("X23-get", "the launch by GET", "refused with 405; nothing recorded", _by_get),
    refused("X23-missing", "no id_token", form_without("id_token"), "message_malformed", side=Side.REQUEST),
    Case("X23-twice", "a state given twice", "refused (message_malformed); nothing recorded", _given_twice),
    Case("X23-megabyte", "an id_token of a megabyte", "refused (message_too_large); nothing recorded", _a_megabyte),
    Case(
        "X24-login-required",
        "error=login_required instead of a token",
        _PLATFORM,
        _refusal("login_required", "Sign in"),
    ),
    Case(
        "X24-markup", "an error with markup in it", _PLATFORM, _refusal("<script>alert(1)</script>", "on the side of")
    ),
)
LOGINS = (
    Case("X28-iss", "a login without iss", _INCOMPLETE, _without("iss")),
    Case("X28-login-hint", "a login without login_hint", _INCOMPLETE, _without("login_hint")),
    Case("X28-target", "a login without target_link_uri", "goes on to the LMS", _no_target),
    Case("X28-message-hint", "hints with JSON, Unicode and nothing", "come back byte for byte", _hints),
    Case(
        "X28-auth-query", "an authorisation address with a query", "accepted (learner), registered", _address_with_query
    ),
)
TABS = (
    Case("X31-two-tabs", "two tabs of one browser at one moment", "both accepted, one registration", _two_tabs),
    Case(
        "X31-twice",
        "one launch posted twice at one moment",
        "one accepted, one refused (state_used)",
        _same_launch_twice,
    ),
    Case("X31-reload", "reload of the launch, then back", "the reload refused (state_used), back opens", _reload),
)
