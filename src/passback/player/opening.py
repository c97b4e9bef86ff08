"""Opening a course: from what a launch allows to a session and what its page needs."""

from dataclasses import asdict, dataclass, replace
from typing import Literal
from urllib.parse import quote, urlsplit
from uuid import UUID

from sqlalchemy import select

from passback.assets import asset_url
from passback.clock import utc_now
from passback.content import serving
from passback.content.kinds import find_content_type
from passback.content.models import Course, CourseVersion
from passback.db import JsonObject, TenantSession, tenant_session
from passback.player.errors import LinkExpiredError, SessionTokenError, ShutError
from passback.player.preview import MODE as BROWSE
from passback.player.preview import preview_context
from passback.player.tokens import Entry, Play, SessionClaims, as_uuid, sign_entry, sign_play, sign_session
from passback.plugin import Activity, ContentType, LaunchContext, PlayerPage, Redirect
from passback.plugins.activation import switched_off
from passback.runtime import runtime
from passback.tracking import pipeline, sessions
from passback.tracking.models import Attempt, Placement, PlaySession, Registration
from passback.tracking.versions import next_version
from passback.tracking.window_words import next_date, why_shut
from passback.tracking.windows import is_shut


class MovedError(LinkExpiredError):
    """This course has been renewed since the link was made."""

    code = "moved"
    status = 409


@dataclass(frozen=True)
class Choice:
    """What the learner has to be asked before the course opens.

    Args:
        kind: `passed` or `used_up`: look back, or start again; `version`: the course has changed since the attempt
            began, go on with it or start the current version.
        title: of the course.
        again: a new attempt may be started.
        go_on: the attempt was paused and may be gone on with.
        uses_attempt: starting the current version uses up one of the attempts that are allowed.
        changed: a new attempt takes another version of the course than the last one had.
    """

    kind: Literal["passed", "used_up", "version"]
    title: str
    again: bool = False
    go_on: bool = False
    uses_attempt: bool = False
    changed: bool = False


@dataclass(frozen=True)
class Shut:
    """A course that learners may not work on just now. `why` names the date."""

    title: str
    why: str


@dataclass(frozen=True)
class Opened:
    """A course that has been opened: `claims` go into the token of its events."""

    claims: SessionClaims
    mode: str
    version: CourseVersion
    context: LaunchContext
    content_type: ContentType


def find_choice(entry: Entry) -> tuple[Choice | None, Play]:
    """Return what to ask, or None, and where to go when nothing else is chosen.

    Raises:
        LinkExpiredError: the registration or the version is gone.
    """
    with tenant_session(as_uuid(entry.tenant)) as session:
        if entry.preview:
            return None, Play(entry, _version(session, as_uuid(entry.version)).id.hex)
        registration = _registration(session, entry)
        standing = sessions.standing(session, registration)
        if standing.version_change == "at_once":
            return None, _new_attempt(session, entry, registration, change_version=True)
        latest = _latest(session, registration)
        play = Play(entry, (latest.course_version_id if latest else next_version(session, registration, None)).hex)
        title = session.get_one(Course, registration.course_id).title
        if standing.version_change == "ask":
            return Choice("version", title, uses_attempt=standing.uses_attempt), play
        if standing.kind in {"passed", "used_up"}:
            changed = next_version(session, registration, latest).hex != play.version
            return Choice(standing.kind, title, standing.new_attempt_allowed, standing.paused, changed=changed), play
        return None, play


def find_shut(entry: Entry) -> Shut | None:
    """Return why a learner is kept out just now, or None.

    Raises:
        LinkExpiredError: the registration is gone.
    """
    if entry.preview:
        return None
    with tenant_session(as_uuid(entry.tenant)) as session:
        placement = _placement(session, _registration(session, entry))
        now = utc_now()
        return Shut(placement.title, why_shut(placement, now)) if is_shut(placement, now) else None


def find_next_date(entry: Entry) -> str:
    """Return the date that a learner at work has to know, "" where there is none."""
    if entry.preview:
        return ""
    with tenant_session(as_uuid(entry.tenant)) as session:
        return next_date(_placement(session, _registration(session, entry)), utc_now())


def choose_new_attempt(entry: Entry, *, change_version: bool = False) -> Play:
    """Return the way into a new attempt; taken twice, it starts one only once.

    Args:
        change_version: it takes the place of one on another version of the course.
    """
    with tenant_session(as_uuid(entry.tenant)) as session:
        return _new_attempt(session, entry, _registration(session, entry), change_version=change_version)


def _new_attempt(session: TenantSession, entry: Entry, registration: Registration, *, change_version: bool) -> Play:
    version = next_version(session, registration, _latest(session, registration))
    return Play(entry, version.hex, new_attempt_after=registration.attempts, change_version=change_version)


def play_url(play: Play) -> str:
    """Return the player page's address on the content origin of the course version."""
    return f"{runtime().hosts.content_origin(as_uuid(play.version))}/play/{sign_play(play)}/"


def open_url(entry: Entry) -> str:
    """Return the address that opens `entry` anew."""
    return f"{runtime().settings.url}/open/{sign_entry(entry)}"


def result_url(entry: Entry) -> str:
    """Return the address of the result page."""
    return f"{runtime().settings.url}/result/{sign_entry(entry)}"


def find_title(play: Play) -> str:
    """Return the title on the player's bar: the placement's, else the course's."""
    with tenant_session(as_uuid(play.entry.tenant)) as session:
        if not play.entry.preview:
            registration = _registration(session, play.entry)
            placement = session.get(Placement, registration.placement_id)
            if placement is not None and placement.title:
                return placement.title
        return session.get_one(Course, _version(session, as_uuid(play.version)).course_id).title


def open_play(play: Play, *, tab: str, take_over: bool) -> Opened:
    """Open a session, or for a preview make one up, and return what there is to play.

    Raises:
        SessionBusyError: open in another tab, and not to be taken over.
        ShutError: outside the dates within which staff let learners in.
        MovedError: another course version than the one this page's origin belongs to is to be played.
        ContentTypeMissingError: the content type is not there.
    """
    entry = play.entry
    tenant_id = as_uuid(entry.tenant)
    if entry.preview:
        with tenant_session(tenant_id) as session:
            version = _version(session, as_uuid(play.version))
            kind = content_type_of(session, version)
            claims = SessionClaims(entry.tenant, "", "", version.id.hex)
            context = replace(preview_context(session, version, kind), return_url=result_url(entry))
            return Opened(claims, BROWSE, version, context, kind)
    with tenant_session(tenant_id, write=True) as session:
        registration = _registration(session, entry)
        if is_shut(_placement(session, registration), utc_now()):
            raise ShutError
        new_attempt = play.new_attempt_after == registration.attempts
        opened = sessions.open_session(
            session,
            registration,
            mode="review" if play.review else "normal",
            new_attempt=new_attempt,
            go_on=play.go_on,
            change_version=play.change_version,
            tab=tab,
            take_over=take_over,
        )
        opened.launch_code = entry.code
        attempt = session.get_one(Attempt, opened.attempt_id)
        if attempt.course_version_id != as_uuid(play.version):
            raise MovedError(f"version {attempt.course_version_id}")
        version = _version(session, attempt.course_version_id)
        claims = SessionClaims(entry.tenant, opened.id.hex, registration.learner_id.hex, version.id.hex)
        # Content goes back by our own page: it is not told the LMS's address, which may hold a session key.
        context = replace(pipeline.launch_context(session, opened), return_url=result_url(entry))
        return Opened(claims, opened.mode, version, context, content_type_of(session, version))


def boot_json(opened: Opened) -> JsonObject:
    """Return what the page needs to start: the session, the scripts and where the content begins."""
    furnished = opened.content_type.launch(opened.context)
    if isinstance(furnished, Redirect):
        return {"session": opened.claims.session, "redirect": furnished.url}
    owner = runtime().plugins.owners[opened.content_type.key]
    return {
        "session": opened.claims.session,
        "token": sign_session(opened.claims),
        "mode": opened.mode,
        "scripts": [asset_url(owner, script) for script in furnished.scripts],
        "full_window": furnished.full_window,
        **_furniture(opened, furnished),
    }


def furnish(play: Play, claims: SessionClaims, wanted: str) -> JsonObject:
    """Return what an open session's page shows next: the content type's answer to the state as it is by now.

    Reads only; a lost answer can be asked for again.

    Args:
        wanted: the activity asked for where nothing is recorded (preview, review).

    Raises:
        SessionTokenError: the session is not one of this page's registration and course version.
        ContentTypeMissingError: the content type is not there.
    """
    entry = play.entry
    if (claims.tenant, claims.version) != (entry.tenant, play.version):
        raise SessionTokenError("another page's session")
    with tenant_session(as_uuid(entry.tenant)) as session:
        version = _version(session, as_uuid(play.version))
        kind = content_type_of(session, version)
        context, mode = _context_again(session, play, claims, version, kind)
        opened = Opened(claims, mode, version, replace(context, return_url=result_url(entry), wanted=wanted), kind)
    furnished = kind.launch(opened.context)
    return {"redirect": furnished.url} if isinstance(furnished, Redirect) else _furniture(opened, furnished)


def _context_again(
    session: TenantSession, play: Play, claims: SessionClaims, version: CourseVersion, kind: ContentType
) -> tuple[LaunchContext, str]:
    if play.entry.preview and not claims.session:
        return preview_context(session, version, kind), BROWSE
    found = session.get(PlaySession, as_uuid(claims.session)) if claims.session else None
    attempt = session.get(Attempt, found.attempt_id) if found else None
    if found is None or attempt is None or attempt.registration_id.hex != play.entry.registration:
        raise SessionTokenError("another page's session")
    return pipeline.launch_context(session, found), found.mode


def _furniture(opened: Opened, furnished: PlayerPage) -> JsonObject:
    learner = opened.context.learner
    return {
        "start": start_url(serving.asset_base(opened.version), furnished.start) if furnished.start else "",
        "navigation": asdict(furnished.navigation) if furnished.navigation else None,
        "ended": furnished.ended,
        "boot": {
            "content": furnished.bootstrap,
            "activity": furnished.activity,
            "activityTitle": _title(opened.context.activities, furnished.activity),
            "mode": opened.mode,
            "title": opened.context.title,
            "returnUrl": opened.context.return_url,
            "learner": {
                "id": learner.id,
                "name": learner.name,
                "givenName": learner.given_name,
                "familyName": learner.family_name,
                "locale": learner.locale,
            },
        },
    }


def _title(activities: tuple[Activity, ...], wanted: str) -> str:
    """Return an activity's title, "" where it has none; one of a course of one activity is the course's."""
    waiting = list(activities)
    while waiting:
        activity = waiting.pop()
        if activity.id == wanted:
            return activity.title
        waiting += activity.children
    return ""


def start_url(base: str, start: str) -> str:
    """Return the address of the file to start with, below `base`.

    `start` is a reference as packages write them: spaces and letters of any script, escapes, a query, a fragment. It
    never leaves `base`, whatever it says.
    """
    path, mark, rest = start.replace("\\", "/").partition("?")
    path, hash_mark, fragment = path.partition("#") if not mark else (path, "", "")
    inner = "/".join(part for part in path.split("/") if part not in {"", ".", ".."})
    keep = "!$&'()*+,;=:@~-._%"
    return base + quote(inner, safe="/" + keep) + mark + quote(rest, safe="/?#" + keep) + hash_mark + quote(fragment)


def content_type_of(session: TenantSession, version: CourseVersion) -> ContentType:
    """Return the content type that plays `version`.

    Raises:
        ContentTypeMissingError: its plugin is missing, or off for this tenant.
    """
    key = session.get_one(Course, version.course_id).content_type
    return find_content_type(key, off=switched_off(session, session.tenant_id))


def host_of(version_hex: str) -> str:
    """Return the Host header that the content origin of a course version has."""
    return urlsplit(runtime().hosts.content_origin(as_uuid(version_hex))).netloc.lower()


def _registration(session: TenantSession, entry: Entry) -> Registration:
    registration = session.get(Registration, as_uuid(entry.registration))
    if registration is None:
        raise LinkExpiredError("the registration is gone")
    return registration


def _placement(session: TenantSession, registration: Registration) -> Placement:
    return session.get_one(Placement, registration.placement_id)


def _version(session: TenantSession, version_id: UUID) -> CourseVersion:
    version = session.get(CourseVersion, version_id)
    if version is None:
        raise LinkExpiredError("the course version is gone")
    return version


def _latest(session: TenantSession, registration: Registration) -> Attempt | None:
    newest = select(Attempt).where(Attempt.registration_id == registration.id).order_by(Attempt.number.desc()).limit(1)
    return session.scalars(newest).one_or_none()
