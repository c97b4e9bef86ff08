"""Beyond the guide: the platform's published keys, and addresses that must not be called (X25, X26).

Each case has a key cache of its own: its registration's JWKS address differs from every other's by its query.
"""

import time
from collections.abc import Callable
from contextlib import nullcontext

from passback.errors import Side
from passback.sandbox.faults import Fault
from passback.sandbox.keys import new_key
from passback.testing.certification.bench import Bench
from passback.testing.certification.breaking import public, stranger, unknown_key
from passback.testing.certification.installation import PATIENCE
from passback.testing.certification.model import Case

ASKED_AGAIN = 31.0
"""Seconds after which a key that nobody knows, or a platform that was down, is asked about again."""
NO_CACHE = 61.0
"""Seconds after which a key set is fetched again that was not to be kept."""
HOUR = 3601.0
_SILENCE = 3 * PATIENCE
"""Seconds for which a platform that gives no answer is silent."""
METADATA = "169.254.169.254"
"""Where clouds keep their machines' credentials."""


def _asked(bench: Bench, times: int, words: str) -> None:
    deadline = time.monotonic() + _SILENCE  # a request that gets no answer is in the log only after its silence
    while len(bench.calls("jwks")) < times and time.monotonic() < deadline:
        time.sleep(0.01)
    found = len(bench.calls("jwks"))
    bench.expect(found == times, f"{words}: {times} requests for the keys; the platform got {found}")


def _kept(bench: Bench) -> str:
    for _launch in range(3):
        bench.opened(bench.launch().reply)
    _asked(bench, 1, "fetched once for three launches")
    return "three launches accepted; the keys fetched once"


def _unknown_kid(bench: Bench) -> str:
    """One refetch for a kid that nobody knows; more only after half a minute."""
    bench.opened(bench.launch().reply)
    answered = bench.refused(bench.launch(**unknown_key(bench)).reply, "token_key_unknown")
    _asked(bench, 2, "one refetch")
    for _again in range(3):
        bench.refused(bench.launch(**unknown_key(bench)).reply, "token_key_unknown")
    _asked(bench, 2, "no other refetch within 30 s")
    bench.opened(bench.launch().reply)
    with bench.installation.later(ASKED_AGAIN):
        bench.refused(bench.launch(**unknown_key(bench)).reply, "token_key_unknown")
    _asked(bench, 3, "one more after 30 s")
    return f"{answered}; one refetch, the next one after 30 s"


def _rotated(bench: Bench) -> str:
    """The platform signs with a new key and takes the old one away, between two launches."""
    bench.opened(bench.launch().reply)
    bench.lms.keys.rotate(keep_old=False)
    answered = bench.opened(bench.launch().reply)
    _asked(bench, 2, "one refetch")
    return f"{answered}; the new key fetched at once"


def _withdrawn(bench: Bench) -> str:
    """A key that the platform has taken away serves as long as the old set is fresh, and then no longer."""
    old = bench.lms.keys.current()
    bench.opened(bench.launch().reply)
    bench.lms.keys.rotate(keep_old=False)
    with bench.installation.later(HOUR):
        return bench.refused(bench.launch(key=old).reply, "token_key_unknown")


def _same_kid(bench: Bench) -> str:
    """Two keys of one name: the one that fits counts, wherever it stands."""
    own = bench.lms.keys.current()
    other = {**public(stranger()), "kid": own.kid}
    bench.publish([other, public(own)])
    answered = bench.opened(bench.launch().reply)
    third = new_key(own.kid or "")
    bench.refused(bench.launch(key=third).reply, "token_signature")
    return f"{answered}; a third key of that name refused (token_signature)"


def _empty(bench: Bench) -> str:
    bench.publish([])
    return bench.refused(bench.launch().reply, "token_key_unknown")


def _no_cache(bench: Bench) -> str:
    """Brightspace says no-cache and rotates hourly: kept for a minute all the same, so that launches stay quick."""
    own = public(bench.lms.keys.current())
    bench.publish([own], cache_control="no-cache")
    for _launch in range(3):
        bench.opened(bench.launch().reply)
    _asked(bench, 1, "fetched once within the minute")
    with bench.installation.later(NO_CACHE):
        answered = bench.opened(bench.launch().reply)
    _asked(bench, 2, "fetched again after a minute")
    return f"{answered}; kept for a minute"


def _silence(_bench: Bench) -> Fault:
    return Fault(hang_seconds=_SILENCE)


def _broken(fault: Callable[[Bench], Fault], *, silent: bool = False) -> Callable[[Bench], str]:
    """Make the case of a platform whose keys cannot be had, and that comes back.

    Args:
        silent: it gives no answer at all, for which nobody waits for long here.
    """

    def run(bench: Bench) -> str:
        bench.fail("jwks", fault(bench))
        with bench.installation.impatient() if silent else nullcontext():
            answered = bench.refused(bench.launch().reply, "platform_keys_unavailable")
        _asked(bench, 1, "asked once")
        bench.mend()
        bench.refused(bench.launch().reply, "platform_keys_unavailable")
        _asked(bench, 1, "not asked again at once")
        with bench.installation.later(ASKED_AGAIN):
            bench.opened(bench.launch().reply)
        return f"{answered}; accepted once the platform was well again"

    return run


def _down(bench: Bench) -> str:
    """A platform that is down although its launches arrive: the old keys serve on."""
    bench.opened(bench.launch().reply)
    bench.fail("jwks", Fault(503, 99))
    with bench.installation.later(HOUR):
        answered = bench.opened(bench.launch().reply)
    _asked(bench, 2, "asked again after an hour")
    return f"{answered}, by the keys that were fetched before"


# --- Addresses that must not be called -------------------------------------------------------------------------------


def _private(changes: Callable[[Bench], dict[str, object]]) -> Callable[[Bench], str]:
    def run(bench: Bench) -> str:
        bench.change_platform(**changes(bench))
        answered = bench.refused(bench.launch().reply, "platform_keys_unavailable")
        bench.expect(not bench.lms.log.of("jwks"), "no request was made")
        return f"{answered}; nothing was called"

    return run


def _redirect_to_private(bench: Bench) -> str:
    bench.fail("jwks", Fault.redirect(f"{bench.lms.jwks_url}?{bench.jwks_query}&again=1", times=99))
    answered = bench.refused(bench.launch().reply, "platform_keys_unavailable")
    _asked(bench, 1, "the redirect is not followed")
    return f"{answered}; the redirect was not followed"


def _private_token_url(bench: Bench) -> str:
    """The approval of the platform's host is withdrawn before a grade goes out: no assertion leaves the house."""
    reply = bench.launch().reply
    bench.opened(reply)
    bench.change_platform(approved_hosts=[])
    bench.play(reply, 0.8)
    bench.expect(not bench.calls("token") and not bench.calls("score"), "no request was made")
    bench.expect(bench.delivery().state == "parked", f"parked; the delivery is {bench.delivery().state}")
    bench.expect(bench.last_try().reason_class == "address_refused", f"told why: {bench.last_try().reason_class}")
    return "no token asked for, no score sent; the grade is parked (address_refused)"


def _unapproved(_bench: Bench) -> dict[str, object]:
    return {"approved_hosts": []}


def _private_https(bench: Bench) -> dict[str, object]:
    return {"approved_hosts": [], "jwks_url": bench.lms.jwks_url.replace("http:", "https:")}


def _metadata(_bench: Bench) -> dict[str, object]:
    """Not even where an administrator was talked into approving it."""
    return {"approved_hosts": [METADATA], "jwks_url": f"http://{METADATA}/latest/meta-data/iam"}


_UNAVAILABLE = f"refused (platform_keys_unavailable), on the side of {Side.LMS}"
_COMES_BACK = f"{_UNAVAILABLE}; accepted once it is well again"
_NOT_CALLED = f"{_UNAVAILABLE}; nothing is called"

KEYS = (
    Case("X25-kept", "three launches, the keys published as usual", "the keys fetched once", _kept),
    Case("X25-unknown-kid", "launches under a kid nobody knows", "one refetch, then at most every 30 s", _unknown_kid),
    Case("X25-rotated", "a launch signed with a new key", "accepted, the new key fetched at once", _rotated),
    Case(
        "X25-withdrawn", "a launch signed with a key withdrawn an hour ago", "refused (token_key_unknown)", _withdrawn
    ),
    Case("X25-same-kid", "two published keys of one kid", "accepted by the one that fits", _same_kid),
    Case("X25-empty", "an empty key set", "refused (token_key_unknown)", _empty),
    Case("X25-no-cache", "keys with Cache-Control: no-cache", "accepted, kept for a minute", _no_cache),
    Case("X25-500", "the keys answered with 500", _COMES_BACK, _broken(lambda _: Fault(500))),
    Case("X25-timeout", "no answer for the keys", _COMES_BACK, _broken(_silence, silent=True)),
    Case("X25-dropped", "the connection for the keys closed", _COMES_BACK, _broken(lambda _: Fault(drop=True))),
    Case("X25-html", "a page of HTML for the keys", _COMES_BACK, _broken(lambda _: Fault.html())),
    Case("X25-no-json", "invalid JSON for the keys", _COMES_BACK, _broken(lambda _: Fault.malformed())),
    Case(
        "X25-redirect",
        "a redirect for the keys",
        _COMES_BACK,
        _broken(lambda bench: Fault.redirect(f"{bench.lms.jwks_url}?{bench.jwks_query}")),
    ),
    Case("X25-down", "no keys to be had an hour after they were fetched", "accepted by the old ones", _down),
)
ADDRESSES = (
    Case("X26-private", "keys at a private address that nobody approved", _NOT_CALLED, _private(_unapproved)),
    Case("X26-https", "keys at a private address, by https", _NOT_CALLED, _private(_private_https)),
    Case("X26-metadata", "keys at a cloud's metadata address", _NOT_CALLED, _private(_metadata)),
    Case("X26-redirect", "a redirect of the keys to a private address", _UNAVAILABLE, _redirect_to_private),
    Case("X26-token", "a token address that nobody approved (any more)", "not called; parked", _private_token_url),
)
