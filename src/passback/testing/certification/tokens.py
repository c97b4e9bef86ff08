"""Beyond the guide: tokens that are signed, timed or made out wrongly, or just rightly enough (X1 to X11, X13, X14)."""

from collections.abc import Callable

from passback.testing.certification.bench import Bench
from passback.testing.certification.breaking import (
    accepted,
    audience,
    claims,
    elliptic,
    hmac_with_public_key,
    published_as,
    refused,
    resigned,
    times,
    unsigned,
    without,
    wrong_key,
)
from passback.testing.certification.model import Case

YEARS = 10 * 365 * 86400


def _used_again(bench: Bench) -> str:
    first = bench.launch()
    bench.opened(first.reply)
    token = first.form.fields["id_token"]
    again = bench.launch(change_form=lambda form: {**form, "id_token": token})
    return bench.refused(again.reply, "token_nonce")


def _of_another_login(bench: Bench) -> str:
    _first, form = bench.held_back()
    other = bench.launch(change_form=lambda given: {**given, "id_token": form["id_token"]})
    return bench.refused(other.reply, "token_nonce")


def _issuer(change: Callable[[str], str]) -> Callable[[Bench], dict[str, object]]:
    return lambda bench: {"overrides": {"iss": change(bench.lms.issuer)}}


def _login_from(change: Callable[[str], str]) -> Callable[[Bench], str]:
    def run(bench: Bench) -> str:
        reply = bench.login(bench.login_fields(iss=change(bench.lms.issuer)))
        return bench.refused(reply, "platform_unknown")

    return run


def _https(issuer: str) -> str:
    return issuer.replace("http:", "https:")


_UNKNOWN = "refused (platform_unknown), on the side of the LMS; nothing recorded"
_NONCE = "refused (token_nonce), on the side of the LMS; nothing more recorded"

SIGNATURES = (
    refused("X1", "a token signed with another key under the name of the platform's", wrong_key, "token_signature"),
    refused("X2", "a token with alg none", unsigned, "token_algorithm"),
    refused("X3", "a token signed by HMAC with the public key as secret", hmac_with_public_key, "token_algorithm"),
    refused("X4-RS384", "a token signed by RS384, which was not agreed", resigned("RS384"), "token_algorithm"),
    refused("X4-ES256", "a token signed by ES256, which was not agreed", elliptic, "token_algorithm"),
    refused("X5-use", "a published key whose use is enc", published_as(use="enc"), "token_key_unsuitable"),
    refused("X5-alg", "a published key whose alg is RS512", published_as(alg="RS512"), "token_key_unsuitable"),
)

TIMES = (
    refused("X6", "no exp", without("exp"), "token_times_missing"),
    refused("X7", "no iat", without("iat"), "token_times_missing"),
    accepted("X8-within", "exp 50 s ago, within the leeway", times(iat=-110, exp=-50)),
    refused("X8-beyond", "exp 65 s ago, beyond the leeway", times(iat=-125, exp=-65), "token_expired"),
    accepted("X9-within", "iat 50 s ahead, within the leeway", times(iat=50, exp=110)),
    refused("X9-beyond", "iat 70 s ahead, beyond the leeway", times(iat=70, exp=130), "token_from_the_future"),
    accepted("X10-within", "iat nine minutes ago", times(iat=-540, exp=60)),
    refused("X10-beyond", "iat eleven minutes ago, exp an hour ahead", times(iat=-660, exp=3600), "token_too_old"),
    refused("X10-years", "exp in ten years", times(exp=YEARS), "token_lifetime"),
)

NONCES = (
    refused("X11-missing", "no nonce", without("nonce"), "token_nonce"),
    refused("X11-wrong", "a nonce that was never given out", claims(nonce="never given out"), "token_nonce"),
    Case("X11-reused", "a token that was accepted before, with a new state", _NONCE, _used_again),
    Case("X11-other-state", "the token of one login with the state of another", _NONCE, _of_another_login),
)

AUDIENCES = (
    accepted("X13-text", "aud as a text", lambda bench: {"overrides": {"aud": bench.tool.client_id}}),
    accepted("X13-list", "aud as a list of the tool alone", audience("US")),
    accepted("X13-first", "the tool first of two in aud, azp the tool", audience("US", "another", azp="US")),
    accepted("X13-second", "the tool second of two in aud, azp the tool", audience("another", "US", azp="US")),
    refused("X13-azp-wrong", "two in aud, azp the other one", audience("US", "another", azp="another"), "token_azp"),
    refused("X13-azp-alone", "aud the tool, azp another", audience("US", azp="another"), "token_azp"),
    refused("X13-no-azp", "two in aud, no azp", audience("US", "another"), "token_azp"),
    refused("X13-not-us", "an aud without the tool", audience("another"), "token_audience"),
)

ISSUERS = (
    refused("X14-unknown", "a token of an issuer nobody knows", claims(iss="https://unknown.test"), "token_issuer"),
    refused("X14-slash", "the issuer with a slash at its end", _issuer(lambda iss: iss + "/"), "token_issuer"),
    refused("X14-scheme", "the issuer with https for http", _issuer(_https), "token_issuer"),
    Case(
        "X14-login", "a login from an issuer nobody knows", _UNKNOWN, _login_from(lambda _iss: "https://unknown.test")
    ),
    Case(
        "X14-login-slash", "a login whose issuer has a slash at its end", _UNKNOWN, _login_from(lambda iss: iss + "/")
    ),
    Case("X14-login-scheme", "a login whose issuer has https for http", _UNKNOWN, _login_from(_https)),
)

__all__ = ["AUDIENCES", "ISSUERS", "NONCES", "SIGNATURES", "TIMES"]
