"""What `passback doctor` looks at beside the health checks and addresses: secrets, the database's home, what waits."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from sqlalchemy import ColumnElement, func, make_url, select
from sqlalchemy.orm import Session

from passback.clock import utc_now
from passback.db import Base, Unscoped, db, unscoped
from passback.db.migrate import behind
from passback.delivery.models import EventDelivery, ScoreDelivery
from passback.lti.models import Deployment, Platform, RegistrationRequest
from passback.outbound import OutboundError
from passback.plugins.migrations import histories
from passback.runtime import runtime
from passback.settings import Settings
from passback.staff.service import needs_first_administrator

EXAMPLE_SECRETS = frozenset({"", "change-me", "changeme", "secret", "password", "postgres", "passback"})
SHORT_SECRET = 32
WEAK_KEY = "it is short or an example; leave PASSBACK_SECRET_KEY empty, then a good one is made and kept"
EASY_TO_GUESS = "there is none, or it is an example's; give the database a good one"
LOCAL_DISK = "SQLite's locks do not hold between machines: use a local disk, or PostgreSQL"
PILOT = "SQLite is meant for a pilot; PostgreSQL carries many learners at once"
NOBODY = "there is none; make one: passback users create-admin you@example.org"
NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.s3fs", "vboxsf")
LEEWAY_SECONDS = 60
ASKED_PLATFORMS = 3
READ_SECONDS = 5.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `state`: ok, warning (works, with a drawback) or failed."""

    check: str
    state: str
    advice: str = ""


def finding(check: str, *, failed: str = "", warning: str = "") -> Finding:
    """Return what was found: the first that is not empty, else that all is well."""
    return Finding(check, "failed" if failed else "warning" if warning else "ok", failed or warning)


def secrets(settings: Settings) -> Iterator[Finding]:
    """Look at the secret key and at the database's password."""
    production = settings.environment == "production"
    key, file = settings.secret_key.get_secret_value(), settings.instance / "secret_key"
    if len(key) < SHORT_SECRET or key in EXAMPLE_SECRETS:
        yield Finding("secret key", "failed" if production else "warning", WEAK_KEY)
    elif _is_kept_in(file, key) and stat.S_IMODE(file.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        yield finding("secret key", failed=f"other accounts of this machine can read {file}: chmod 600")
    else:
        yield finding("secret key")
    url = make_url(settings.database_url)
    if url.host and production:
        weak = str(url.password or "") in EXAMPLE_SECRETS
        yield finding("database password", warning=EASY_TO_GUESS if weak else "")


def database_home(settings: Settings) -> Iterator[Finding]:
    """See whether SQLite's file lies where its locks hold and its log (WAL) works."""
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        return
    kind = file_system(Path(url.database or "").absolute())
    with db.engine.connect() as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    if kind.startswith(NETWORK_FILE_SYSTEMS):
        yield finding("database file", failed=f"it lies on a network file system ({kind}). {LOCAL_DISK}")
    elif mode != "wal":
        yield finding("database file", failed=f"SQLite cannot write ahead there (journal mode {mode}). {LOCAL_DISK}")
    else:
        yield finding("database file", warning=PILOT if settings.environment == "production" else "")


def file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """Return the kind of file system that holds `path`, "" where the system does not say."""
    if not mounts.is_file():
        return ""
    best, kind = "", ""
    for line in mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        _device, folder, found, *_rest = line.split(" ")
        folder = folder.replace("\\040", " ")
        if len(folder) >= len(best) and Path(os.path.realpath(path)).is_relative_to(folder):
            best, kind = folder, found
    return kind


def plugin_tables() -> Iterator[Finding]:
    """Compare each plugin's tables with its migrations."""
    for history in histories(runtime().plugins):
        yield finding(f"tables of {history.plugin}", failed=behind(db.engine, history))


def platforms() -> Iterator[Finding]:
    """Ask some connected LMSs for their keys: do they answer, and do our clocks agree?"""
    with unscoped(Unscoped.HEALTH) as session:
        query = select(Platform).where(Platform.status == "active").order_by(Platform.created_at.desc())
        asked = session.scalars(query.limit(ASKED_PLATFORMS)).all()
    for platform in asked:
        yield _ask(platform)


def waiting() -> Iterator[Finding]:
    """Count what waits for a person."""
    with unscoped(Unscoped.HEALTH) as session:
        yield finding("administrators", warning=NOBODY if needs_first_administrator(session) else "")
        for check, count, advice in _queues(session):
            yield finding(check, warning=f"{count}: {advice}" if count else "")


def _queues(session: Session) -> Iterator[tuple[str, int, str]]:
    platforms_ = _count(session, Platform, Platform.status == "pending")
    requests = _count(session, RegistrationRequest, RegistrationRequest.status == "waiting")
    yield "registrations that wait", platforms_ + requests, "approve or decline them on the page Platforms"
    inbox = _count(session, Deployment, Deployment.status == "inbox")
    yield "deployments that wait", inbox, "say whose they are: passback platforms deployments"
    parked = sum(_count(session, kind, kind.state == "parked") for kind in (ScoreDelivery, EventDelivery))
    yield "parked deliveries", parked, "see why, then send them again: passback deliveries list --state parked"


def _count(session: Session, kind: type[Base], condition: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(kind).where(condition)
    return session.scalars(query).one()


def _ask(platform: Platform) -> Finding:
    check = f"LMS {platform.name or platform.issuer}"
    try:
        answer = runtime().http.request(
            "GET", platform.jwks_url, approved_hosts=platform.approved_hosts, read_seconds=READ_SECONDS
        )
    except OutboundError as error:
        return finding(check, warning=f"its keys at {platform.jwks_url} cannot be read from here ({error.detail})")
    if answer.status != 200:
        return finding(check, warning=f"its keys at {platform.jwks_url} answer {answer.status}")
    apart = _seconds_apart(answer.headers.get("date", ""), utc_now())
    clocks = f"its clock and ours are {apart:.0f} s apart; beyond {LEEWAY_SECONDS} s launches fail: set the time by NTP"
    return finding(check, warning=clocks if apart > LEEWAY_SECONDS else "")


def _seconds_apart(date: str, now: datetime) -> float:
    """Return the distance of an HTTP date from `now`, 0 for one that is missing or no date."""
    try:
        return abs((parsedate_to_datetime(date) - now).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _is_kept_in(file: Path, key: str) -> bool:
    return file.is_file() and file.read_text(encoding="ascii", errors="replace").strip() == key
