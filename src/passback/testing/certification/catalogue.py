"""Every case, in the order of the log."""

from collections.abc import Collection

from passback.testing.certification import logins, odd_claims, platform_keys, services, tokens
from passback.testing.certification.known_bad import BAD
from passback.testing.certification.model import Case, Part
from passback.testing.certification.valid import VALID

PARTS = (
    Part("Known bad launches (1EdTech 6.1.1)", BAD),
    Part("Valid launches (1EdTech 6.1.2 and 6.1.3)", VALID),
    Part("Deep Linking (1EdTech 6.2)", services.DEEP_LINKING),
    Part("Names and Role Provisioning (1EdTech 6.3)", services.NAMES_AND_ROLES),
    Part("Assignment and Grade Services (1EdTech 6.4)", services.ASSIGNMENTS_AND_GRADES),
    Part("Signatures (beyond the guide)", tokens.SIGNATURES),
    Part("Times (beyond the guide)", tokens.TIMES),
    Part("Nonces, states and browsers (beyond the guide)", (*tokens.NONCES, *logins.STATES)),
    Part("Audiences and issuers (beyond the guide)", (*tokens.AUDIENCES, *tokens.ISSUERS, *logins.CLIENTS)),
    Part("Deployments, messages and people (beyond the guide)", (*odd_claims.DEPLOYMENTS, *odd_claims.MESSAGES)),
    Part("Forms and errors (beyond the guide)", logins.FORMS),
    Part("The platform's keys and addresses (beyond the guide)", (*platform_keys.KEYS, *platform_keys.ADDRESSES)),
    Part("Deep linking requests (beyond the guide)", odd_claims.DEEP_LINKS),
    Part("Login initiation (beyond the guide)", logins.LOGINS),
    Part("Extensions (beyond the guide)", odd_claims.EXTENSIONS),
    Part("Tabs, back and reload (beyond the guide)", logins.TABS),
)
CASES: tuple[Case, ...] = tuple(case for part in PARTS for case in part.cases)


def find_cases(wanted: Collection[str]) -> list[Case]:
    """Return the cases that are named, by id or by what stands before the dash; all of them where none is.

    Raises:
        KeyError: nothing is called so.
    """
    known = {case.id for case in CASES} | {case.id.partition("-")[0] for case in CASES}
    unknown = sorted(set(wanted) - known)
    if unknown:
        raise KeyError(", ".join(unknown))
    return [case for case in CASES if not wanted or {case.id, case.id.partition("-")[0]} & set(wanted)]
