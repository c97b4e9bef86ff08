"""A launch in plain words: every check, the cause, whose side, the fix, what the browser did and what came of it.

`Story.shared` is what may leave the house: no value of any claim, no detail, nothing of what a person did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from passback.db import TenantSession, tenant_session
from passback.delivery.ledger import scores_of
from passback.errors import meaning
from passback.lti.browser_reports import words_of
from passback.lti.clocks import AHEAD
from passback.lti.models import LaunchRecord
from passback.lti.records import ACCEPTED, FAILED, LIKELY_CAUSES, LOST
from passback.runtime import runtime
from passback.sealing import TokenError
from passback.tracking.models import Attempt, PlaySession

SHARED_DAYS = 14
_SHARE = "launch-share"
_SESSIONS = 20

STEPS: Mapping[str, str] = {
    "state": "It answers a sign-in that Passback began, not longer than ten minutes ago, and for the first time.",
    "platform": "The LMS is registered and switched on.",
    "signature": "A published key of the LMS signed it, in the agreed way.",
    "issuer": "It names the LMS that the sign-in began with.",
    "audience": "It is meant for this tool, and for no other.",
    "times": "By both clocks it was made a moment ago and still holds.",
    "nonce": "Its one-time value belongs to this sign-in.",
    "deployment": "It names a deployment of the tool that is not blocked.",
    "message": "It is an LTI 1.3 message that Passback understands, with roles, target and link.",
    "browser": "It came to the browser in which the sign-in began.",
}
"""The checks of a launch in their order (`VerifiedLaunch.validate`), as what holds when they pass."""

BEFORE: Mapping[str, str] = {
    "login": "The LMS began the sign-in with all that it has to say.",
    "answer of the LMS": "The LMS answered the sign-in with a launch, not with an error.",
    "form": "What arrived has the form of a launch.",
}
"""What may fail before there is a launch to check."""

PAGES: Mapping[str, str] = {
    "registration": "The page that registers the tool works.",
    "picker": "The page for choosing courses works.",
    "page": "The page that the launch led to works.",
}
"""What is no launch itself, and may meet a fault all the same."""

VERDICTS = {
    ACCEPTED: "The launch was accepted.",
    "refused": "The launch was refused.",
    FAILED: "Passback ran into a fault of its own.",
    LOST: "The sign-in left for the LMS and never came back.",
}
BINDINGS = {
    "cookie": "The browser kept our cookie.",
    "tab": "The browser kept no cookie in the frame; the course was opened in a tab of its own.",
    "storage": "The browser kept no cookie; the LMS kept the proof for it (platform storage).",
}
FORMERLY = {
    "signed": "The LMS proved which LTI 1.1 consumer it was: the ids from then are kept with the new ones.",
    "unsigned": "The LMS says that it was an LTI 1.1 consumer without proving it: that was left alone.",
    "unknown key": "The LMS says which LTI 1.1 consumer it was, whose key is not known here (platforms lti11-key add).",
    "wrong signature": "The LMS says which LTI 1.1 consumer it was; the secret kept here is another one.",
}
"""What became of the LTI 1.1 migration claim."""
WAYS = {
    "learner": "It led a learner to the course.",
    "preview": "It led staff to a preview, which is not recorded.",
    "course page": "It led staff to the page of the course.",
    "choose": "It asked whether to preview the course or to open it as a learner.",
    "review": "It led to the work of one learner, to be looked at only.",
    "privacy": "It led an administrator to what is kept of people.",
    "no content": "The link has no content yet.",
    "deep linking": "It opened the choice of content.",
}
_CLOSED = {"open": "is still open", "closed": "was ended", "superseded": "was taken over by another window"}


class ShareExpiredError(TokenError):
    """This report of a launch is no longer to be had, or its address is not complete."""

    code = "share_expired"
    advice = "Ask the administrator of Passback for a new address."


@dataclass(frozen=True)
class Step:
    """One check. `verdict`: passed, failed or not reached; `detail` is for administrators only."""

    name: str
    verdict: str
    words: str
    detail: str = ""


@dataclass(frozen=True)
class Happened:
    """Something that came of a launch."""

    at: datetime | None
    words: str


@dataclass(frozen=True)
class Story:
    """All that is known of one launch."""

    code: str
    at: datetime
    verdict: str
    headline: str
    cause: str = ""
    side: str = ""
    side_words: str = ""
    fix: str = ""
    likely: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    browser: tuple[str, ...] = ()
    afterwards: tuple[Happened, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        """Return it for `--json`."""
        return asdict(self)


def tell(record: LaunchRecord) -> Story:
    """Return what is known of a launch, for an administrator of the installation."""
    happened = _afterwards(record.tenant_id, record.code) if record.tenant_id and record.verdict == ACCEPTED else []
    return _story(record, afterwards=happened, details=True)


def shared(record: LaunchRecord) -> Story:
    """Return what may be shown to the LMS's support: which checks held, and how far the clocks are apart."""
    return _story(record, afterwards=(), details=False)


def share_token(code: str) -> str:
    """Return the token of an address under which a launch's report may be read for two weeks by whoever has it."""
    return runtime().sealer.sign(_SHARE, code)


def shared_code(token: str) -> str:
    """Return whose report a token opens.

    Raises:
        ShareExpiredError: forged, damaged, or older than two weeks.
    """
    try:
        return str(runtime().sealer.verify(_SHARE, token, max_age=SHARED_DAYS * 86400))
    except TokenError as error:
        raise ShareExpiredError(error.detail) from error


def _story(record: LaunchRecord, *, afterwards: Sequence[Happened], details: bool) -> Story:
    why = meaning(record.error) if record.error else None
    return Story(
        code=record.code,
        at=record.at,
        verdict=record.verdict,
        headline=VERDICTS.get(record.verdict, record.verdict),
        cause=why.message if why else "",
        side=str(why.side) if why else "",
        side_words=why.side.sentence if why else "",
        fix=why.advice if why else "",
        likely=LIKELY_CAUSES if record.verdict == LOST else (),
        steps=tuple(_steps(record, details=details)),
        browser=tuple(_browser(record.facts, details=details)),
        afterwards=tuple(afterwards),
        facts=record.facts if details else {},
    )


def _steps(record: LaunchRecord, *, details: bool) -> list[Step]:
    """Return the checks that ran, the one that failed, and those that were not reached."""
    passed = [str(check.get("name")) for check in record.checks if check.get("verdict") == "passed"]
    failed = next((check for check in record.checks if check.get("verdict") == "failed"), None)
    found = [Step(name, "passed", STEPS.get(name, name)) for name in passed]
    waiting = [name for name in STEPS if name not in passed]
    if record.verdict == LOST:
        return [
            Step("login", "passed", BEFORE["login"]),
            Step("answer of the LMS", "failed", "The LMS sent no answer."),
        ]
    if failed is None:
        return found
    name, detail = str(failed.get("name")), str(failed.get("detail", "")) if details else ""
    if name in PAGES:
        return [Step(name, "failed", PAGES[name], detail)]
    if name in BEFORE:
        found.append(Step(name, "failed", BEFORE[name], detail))
    elif waiting:  # the record calls all steps of a launch "launch": it is the first that did not pass
        name = name if name in STEPS else waiting[0]
        waiting.remove(name)
        found.append(Step(name, "failed", STEPS[name], detail))
    else:
        found.append(Step(name, "failed", "Everything held; what came next did not succeed.", detail))
    return [*found, *(Step(one, "not reached", STEPS[one]) for one in waiting)]


def _browser(facts: Mapping[str, object], *, details: bool) -> list[str]:
    """Return what is known of the browser and the clocks; where the launch led is for administrators only."""
    found = [BINDINGS[str(facts["binding"])]] if facts.get("binding") in BINDINGS else []
    ahead = facts.get(AHEAD)
    if isinstance(ahead, (int, float)):
        distance = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the clock of Passback"
        found.append(f"The launch was dated {distance}; up to 60 s are allowed.")
    if details and facts.get("lti11") in FORMERLY:
        found.append(FORMERLY[str(facts["lti11"])])
    if details and facts.get("way") in WAYS:
        found.append(WAYS[str(facts["way"])])
    return [*found, *words_of(facts)]


def _afterwards(tenant_id: UUID, code: str) -> list[Happened]:
    """Return the sessions that the launch opened, and how the grades of their registrations stand."""
    with tenant_session(tenant_id) as session:
        query = select(PlaySession).where(PlaySession.launch_code == code).order_by(PlaySession.opened_at)
        plays = session.scalars(query.limit(_SESSIONS)).all()
        found = [one for play in plays for one in _session(play)]
        return [*found, *_grades(session, plays)] if plays else []


def _session(play: PlaySession) -> list[Happened]:
    opened = Happened(play.opened_at, f"The course was opened ({play.mode}); {play.stored_seq} events arrived.")
    if play.status == "open":
        return [opened, Happened(play.last_seen_at, "It was last heard of; the session is still open.")]
    return [opened, Happened(play.closed_at, f"The session {_CLOSED.get(play.status, play.status)}.")]


def _grades(session: TenantSession, plays: Sequence[PlaySession]) -> list[Happened]:
    attempts = {play.attempt_id for play in plays}
    entries = scores_of(session, select(Attempt.registration_id).where(Attempt.id.in_(attempts)))
    return [Happened(one.settled_at, f"Grade: {one.state_text} {one.reason}".strip()) for one in entries]
