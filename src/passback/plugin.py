"""The one import surface for plugin authors: hooks, the content type contract and its values.

Names here are stable within an API major (`API_MAJOR`); arguments and optional fields may be added, never removed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, Protocol, runtime_checkable
from uuid import UUID

import pluggy
from pydantic import BaseModel, JsonValue

if TYPE_CHECKING:
    from flask import Blueprint
    from lxml.etree import _Element

API_MAJOR = 1
ENTRY_POINT_GROUP = f"passback.plugins.v{API_MAJOR}"

hookimpl = pluggy.HookimplMarker("passback")
"""Decorator that marks a plugin's method as the implementation of the hook of the same name."""

JsonObject = dict[str, JsonValue]


# --- Packages and their import ---------------------------------------------------------------------------------------


class PackageError(Exception):
    """The package cannot be used. `message` says what is wrong with it, `advice` what its author can do."""

    def __init__(self, code: str, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.advice = advice


@runtime_checkable
class PackageReader(Protocol):
    """An uploaded package: checked paths, forward slashes, bounded sizes. Nothing in it is to be trusted."""

    name: str

    def names(self) -> Sequence[str]:
        """Return every file's path, in the order of the package."""
        ...

    def size(self, name: str) -> int:
        """Return a file's unpacked size in bytes."""
        ...

    def find(self, name: str) -> str | None:
        """Return the path that `name` means: exact, else with `\\` for `/`, percent signs decoded or other case."""
        ...

    def read(self, name: str, *, limit: int = 16 * 1024 * 1024) -> bytes:
        """Return a file's bytes; a file above `limit` bytes raises `PackageError`."""
        ...

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading."""
        ...

    def xml(self, name: str) -> "ParsedXml":
        """Parse a file as XML: no entities, no DTD, no network, bounded size and depth, recovery where possible."""
        ...


Severity = Literal["note", "warning", "problem"]
"""`note`: good to know. `warning`: put right or left out. `problem`: learners will notice it."""


@dataclass(frozen=True)
class PackageWarning:
    """Something imperfect that was put right or left out, in plain words, kept with the course version.

    Args:
        code: a stable word for the rule.
        evidence: what it was seen by, for people.
        advice: what the author can do.
        severity: how much it weighs.
        certain: True for a fact, False for a conclusion from the look of the content; people are told them apart.
        file: path in the package; line: counted from 1, 0 where there is none.
    """

    code: str
    message: str
    evidence: str = ""
    advice: str = ""
    severity: Severity = "warning"
    certain: bool = True
    file: str = ""
    line: int = 0


@dataclass(frozen=True)
class ParsedXml:
    """A parsed document and what had to be repaired to read it."""

    root: "_Element"
    warnings: tuple[PackageWarning, ...] = ()


@dataclass(frozen=True)
class Detection:
    """A content type's claim on a package. The highest `confidence` (0..100) wins; `label` is shown to people."""

    confidence: int
    label: str
    evidence: str = ""


@dataclass(frozen=True)
class Activity:
    """A node of a course's structure. `href` (path in the package, with query) is empty for a cluster."""

    id: str
    title: str
    href: str = ""
    tracked: bool = True
    children: tuple["Activity", ...] = ()


@dataclass(frozen=True)
class ImportedContent:
    """What an import made of a package. `data` is the content type's own and comes back in every `State`.

    `reports_score`: its files say that it reports a score. Where scores count, a completion then waits for one from
    the very first learner on; False leaves it to the first score that any learner gets. `identifier`: what the package
    calls the course, the same in each export of it; "" where it says nothing. Another one than before has people asked
    whether this is a new version of the same course. `picture`: path of a PNG or JPEG in the package that shows what
    the course is about, up to 1 MiB; anything else is left out.
    """

    title: str
    activities: tuple[Activity, ...]
    data: JsonObject
    language: str = ""
    description: str = ""
    warnings: tuple[PackageWarning, ...] = ()
    reports_score: bool = False
    identifier: str = ""
    picture: str = ""


@dataclass(frozen=True)
class ContentChange:
    """Something that differs between two versions of a course beyond its structure, in plain words.

    Args:
        what: what differs, such as "Pass mark".
        before: its value in the older version, "" for none; `after` likewise. Both "": it is another one, and that
            cannot be said in a few words.
        activity: id of the activity it is about, "" for the course as a whole.
    """

    what: str
    before: str
    after: str
    activity: str = ""


@dataclass(frozen=True)
class ImportContext:
    """What an import may know of its surroundings."""

    settings: BaseModel


# --- Events, state and outcome ---------------------------------------------------------------------------------------


class Completion(StrEnum):
    """How far a learner is."""

    UNKNOWN = "unknown"
    NOT_ATTEMPTED = "not attempted"
    INCOMPLETE = "incomplete"
    COMPLETED = "completed"


class Success(StrEnum):
    """Whether a learner mastered it."""

    UNKNOWN = "unknown"
    FAILED = "failed"
    PASSED = "passed"


@dataclass(frozen=True)
class Outcome:
    """All that grading sees of an attempt (design §9).

    Args:
        score_scaled: 0..1, or None where the content gave none; the content type leaves it None when it only has raw.
        score_raw: as the content said it; `score_min` and `score_max` likewise.
        progress: 0..1.
        duration_seconds: time in the content, over all sessions of the attempt.
        at: when the content last said something that counts.
        ended: the learner has left: an explicit end by the content or the end of the session.
    """

    completion: Completion = Completion.NOT_ATTEMPTED
    success: Success = Success.UNKNOWN
    score_scaled: float | None = None
    score_raw: float | None = None
    score_min: float | None = None
    score_max: float | None = None
    progress: float | None = None
    duration_seconds: float = 0.0
    at: datetime | None = None
    ended: bool = False

    def with_(self, **changes: object) -> "Outcome":
        """Return a copy with `changes`."""
        return replace(self, **changes)  # type: ignore[arg-type]  # replace() checks names at run time only


class Scope(StrEnum):
    """Whose state a cell is."""

    LEARNER = "learner"
    ATTEMPT = "attempt"
    ACTIVITY = "activity"


@dataclass(frozen=True, order=True)
class StateKey:
    """Names one cell of state: its scope and, for activities and learner-wide cells, which."""

    scope: Scope
    key: str = ""


SESSION_STARTED = "session.started"
"""Kind of the event core records first in every session; `data`: {"mode": normal|review|browse}."""
SESSION_ENDED = "session.ended"
"""Kind of the event core records when a session ends; `data`: {"reason": left|idle|superseded|finished}. Later events
of the same session may still follow (a late commit re-opens it). Its `sequence` is -1, the next end's -2 …"""


@dataclass(frozen=True)
class RuntimeEvent:
    """Something the content said, once. Events of a session are applied strictly in the order of `sequence`.

    Args:
        session: the session it was said in.
        sequence: 0 for `session.started`, then 1, 2, 3 … as the player counted.
        kind: `<content type>.<word>`, or one of core's `session.…` kinds.
        activity: id of the activity it is about.
        at: when it was said, by the server's clock.
        data: the content type's own.
    """

    session: UUID
    sequence: int
    kind: str
    activity: str
    at: datetime
    data: JsonObject


@dataclass(frozen=True)
class State:
    """What `apply`, `launch` and `report` may look at.

    Args:
        content: `ImportedContent.data` of the attempt's course version.
        settings: the course's settings, validated by the content type's `settings` model.
        mode: normal, review or browse (nothing counts).
        outcome: what the attempt has come to so far.
        cells: the cells that `scopes` named and that exist; a missing one has not been written yet (or is empty).
    """

    content: JsonObject
    settings: BaseModel
    mode: str = "normal"
    outcome: Outcome = field(default_factory=Outcome)
    cells: Mapping[StateKey, JsonObject] = field(default_factory=dict)


@dataclass(frozen=True)
class Fact:
    """Something worth telling listeners beyond the outcome, such as one answered question."""

    name: str
    data: JsonObject


@dataclass(frozen=True)
class Transition:
    """What an event changed: whole new values of cells, the new outcome, facts for listeners."""

    outcome: Outcome
    cells: Mapping[StateKey, JsonObject] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()


# --- Launch ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LearnerView:
    """What content may know of the learner. `id` is opaque: no content ever sees the LMS's own identifier."""

    id: str
    name: str = ""
    given_name: str = ""
    family_name: str = ""
    locale: str = ""


@dataclass(frozen=True)
class LaunchContext:
    """A launch under way. `state` already contains this session's `session.started`.

    Args:
        return_url: where content leads its window to when it ends by itself: Passback's result page, which offers the
            way to the LMS.
        wanted: id of the activity that is asked for in a preview or a review, where nothing is recorded and so no state
            says where the learner is; "" for wherever the course begins.
    """

    registration: UUID
    attempt_number: int
    session: UUID
    learner: LearnerView
    title: str
    activities: tuple[Activity, ...]
    state: State
    return_url: str = ""
    wanted: str = ""


@dataclass(frozen=True)
class MenuItem:
    """A line of the course's menu as it stands now.

    Args:
        id: the content type's own word for it; comes back as the target when the learner chooses it.
        enabled: the learner may choose it now.
        current: it is what the player shows.
        status: completed, passed, failed, incomplete, or "" for nothing to say.
    """

    id: str
    title: str
    enabled: bool = True
    current: bool = False
    status: str = ""
    children: tuple["MenuItem", ...] = ()


@dataclass(frozen=True)
class NavigationAction:
    """One more thing the learner may do with the course as a whole; `id` comes back as the request."""

    id: str
    label: str


@dataclass(frozen=True)
class Navigation:
    """How the learner may go on in a course of several activities.

    Args:
        note: why nothing is shown just now, why a request led nowhere, or what to do next, in plain words; shown to the
            learner until the next step.
    """

    menu: tuple[MenuItem, ...] = ()
    can_continue: bool = False
    can_previous: bool = False
    actions: tuple[NavigationAction, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class PlayerPage:
    """Core's player page, furnished by the content type.

    Its scripts find the player as `passbackPlayer`; `docs/plugins/player.md` says what it offers.

    Args:
        scripts: paths of scripts below the plugin's static folder; they run before the content starts.
        bootstrap: what the scripts find as `passbackPlayer.boot.content`, inlined in the page.
        start: path (with query) of the package file to show; "" for none just now: the learner chooses from the menu.
        activity: id of the activity that `start` belongs to.
        full_window: open in a window of its own by default.
        navigation: menu and buttons; None for a course of one activity.
        ended: the course is over: the player goes on to the result.
    """

    scripts: tuple[str, ...]
    bootstrap: JsonObject
    start: str
    activity: str = ""
    full_window: bool = False
    navigation: Navigation | None = None
    ended: bool = False


@dataclass(frozen=True)
class Redirect:
    """Send the browser to `url` instead of the player page."""

    url: str


@dataclass(frozen=True)
class AttemptReport:
    """What people see of one attempt: the outcome's details in the standard's own terms."""

    rows: tuple[tuple[str, str], ...] = ()
    details: JsonObject = field(default_factory=dict)


@dataclass(frozen=True)
class TimelineEntry:
    """One moment of an attempt as support staff read it.

    Args:
        text: what was said, in the standard's own terms, without the learner's words.
        activity: title of the activity it is about; "" for the course as a whole.
        trouble: it was refused or went wrong.
    """

    at: datetime
    text: str
    activity: str = ""
    trouble: bool = False


@dataclass(frozen=True)
class Timeline:
    """What content said in an attempt, in order, and what to make of it: `findings` in plain words."""

    entries: tuple[TimelineEntry, ...] = ()
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class SampleCourse:
    """A course to try things with, made on demand: no package lies in the repository.

    Args:
        filename: what an uploader would call it, such as `reading-a-map.zip`.
        build: writes the package to a path.
    """

    filename: str
    build: Callable[[Path], None]


class ContentType(Protocol):
    """A kind of course. Registered once; behaviour lives here, so that nothing per event goes through hooks."""

    key: str
    label: str
    state_version: int
    settings: type[BaseModel]

    def detect(self, package: PackageReader) -> Detection | None:
        """Say whether the package is one of this kind. Cheap; must not raise on any input."""
        ...

    def import_package(self, package: PackageReader, context: ImportContext) -> ImportedContent:
        """Read the package. Imperfect is a warning; only what cannot be played raises `PackageError`."""
        ...

    def scopes(self, event: RuntimeEvent, content: JsonObject) -> frozenset[StateKey]:
        """Name the cells that `apply` needs for this event; core locks them in a fixed order.

        Args:
            content: `ImportedContent.data` of the course version.
        """
        ...

    def apply(self, state: State, event: RuntimeEvent) -> Transition:
        """Return what the event changes. Pure, deterministic, total: garbage in an event changes nothing."""
        ...

    def launch_scopes(self) -> frozenset[StateKey]:
        """Name the cells that `launch` and `report` need."""
        ...

    def launch(self, context: LaunchContext) -> PlayerPage | Redirect:
        """Furnish the player for this session."""
        ...

    def routes(self) -> "Blueprint | None":
        """Return routes below `/rt/<key>/` on the content host, or None."""
        ...

    def report(self, state: State) -> AttemptReport:
        """Return an attempt for people to read."""
        ...


@runtime_checkable
class SeveralActivities(Protocol):
    """What a content type adds whose courses have several activities, each with a cell of its own."""

    def then_scopes(self, state: State) -> frozenset[StateKey]:
        """Name the further cells that `launch` needs once those of `launch_scopes` are known, as the activity's."""
        ...


@runtime_checkable
class TellsActivities(Protocol):
    """What a content type adds that can tell what each activity has come to, so that each may count on its own.

    Asked only where a course counts by activity.
    """

    def activity_outcomes(self, state: State) -> Mapping[str, Outcome]:
        """Return the outcome of each tracked activity that was opened, by its id. Pure and total, as `apply`.

        `Outcome.ended` says that the learner has left the activity, or that it is over by its own word. When something
        was said (`Outcome.at`) core notes itself, and that a better outcome is kept it sees to.

        Args:
            state: with the cells that `scopes` names for any event that changes something; those alone must do.
        """
        ...


@runtime_checkable
class ComparesVersions(Protocol):
    """What a content type adds that can say more of two versions of a course than which activities differ."""

    def compare(self, before: JsonObject, after: JsonObject) -> Sequence[ContentChange]:
        """Return what differs that people should know before learners meet it: pass marks, limits, rules.

        Args:
            before: `ImportedContent.data` of one version; it may have been written by an older plugin.
            after: that of the other.
        """
        ...


@runtime_checkable
class Resumes(Protocol):
    """What a content type adds whose content can say that it was paused, to be gone on with even once it is passed."""

    def is_paused(self, state: State) -> bool:
        """Say whether content was left with the wish to be resumed, by the cells of `launch_scopes`."""
        ...


@runtime_checkable
class ReportsActivities(Protocol):
    """What a content type adds whose report looks at the cells of activities."""

    def report_scopes(self, state: State) -> frozenset[StateKey]:
        """Name the further cells that `report` needs once those of `launch_scopes` are known."""
        ...


@runtime_checkable
class TellsTimeline(Protocol):
    """What a content type adds that can tell an attempt's events to people."""

    def timeline(self, events: Sequence[RuntimeEvent], content: JsonObject) -> Timeline:
        """Tell the events of an attempt, in order, core's own included. Pure and total, as `apply`.

        Args:
            content: `ImportedContent.data` of the course version.
        """
        ...


# --- Grades, deliveries, storage, jobs -------------------------------------------------------------------------------


@dataclass(frozen=True)
class AttemptResult:
    """One attempt as a grade policy sees it."""

    number: int
    outcome: Outcome
    session_ended: bool


@dataclass(frozen=True)
class GradeRule:
    """How a placement counts. `pass_mark` 0..1, None: the content's own verdict; `reports_score`: this course version
    has reported a score in some attempt, so that in score mode a completion alone waits for one."""

    pass_mark: float | None = None
    which_attempt: Literal["best", "last", "first", "average"] = "best"
    reports_score: bool = False


@dataclass(frozen=True)
class GradeDecision:
    """What is owed to the gradebook: `scaled` 0..1, or None with the reason why nothing is yet."""

    scaled: float | None
    final: bool
    reason: str
    completed: bool = False
    at: datetime | None = None


class GradePolicy(Protocol):
    """A way to turn outcomes into a grade. Pure."""

    key: str
    label: str

    def decide(self, attempt: AttemptResult, rule: GradeRule) -> GradeDecision:
        """Decide one attempt; core combines attempts by `rule.which_attempt`."""
        ...


@dataclass(frozen=True)
class Event:
    """Something that happened, for listeners. `id` is stable: the same event delivered twice has the same."""

    id: UUID
    tenant: UUID
    name: str
    registration: UUID | None
    at: datetime
    data: JsonObject


class Verdict(StrEnum):
    """What one try to deliver came to."""

    DELIVERED = "delivered"
    RETRY = "retry"
    PARKED = "parked"


@dataclass(frozen=True)
class SendResult:
    """The answer to one try. `reason_class` is a short stable word; `reason` is for people; nothing holds the body.

    Args:
        retry_after: seconds the other side asked to wait.
        sent_scaled: what is now known to be in the gradebook, 0..1, where the sender knows it.
        read_back: the value was read back from the other side.
        answers_otherwise: something else was answered in the same try, so a failure says nothing of the other side as
            a whole.
        whole_line_item: with `PARKED`: the same would be said of every score for this line item, so that they are
            parked without being tried.
    """

    verdict: Verdict
    reason_class: str = ""
    reason: str = ""
    http_status: int | None = None
    body_sha256: str = ""
    retry_after: float | None = None
    sent_scaled: float | None = None
    read_back: bool = False
    answers_otherwise: bool = False
    whole_line_item: bool = False


class StoredFile(Protocol):
    """A file in storage, ready to be served."""

    size: int
    etag: str
    modified: datetime

    def open(self) -> IO[bytes]:
        """Open it for reading, seekable."""
        ...

    def local_path(self) -> Path | None:
        """Return its path where it is a plain local file, for sendfile; else None."""
        ...


class Storage(Protocol):
    """Where packages are kept: immutable files below a prefix per tenant and course version."""

    def save(self, key: str, source: IO[bytes]) -> None:
        """Store a file under `key`, durably, all or nothing."""
        ...

    def find(self, key: str) -> StoredFile | None:
        """Return the file under exactly `key`, or None."""
        ...

    def names(self, prefix: str) -> Iterator[str]:
        """Yield the keys below `prefix`."""
        ...

    def remove(self, prefix: str) -> None:
        """Remove everything below `prefix`."""
        ...


@dataclass(frozen=True)
class HealthCheck:
    """A named check; `run` returns "" when all is well, else what is wrong and what to do."""

    name: str
    run: "HealthProbe"


class HealthProbe(Protocol):
    """The function of a health check."""

    def __call__(self) -> str: ...


@dataclass(frozen=True)
class Job:
    """Something to run every `every_seconds`, in one process of the installation at a time."""

    name: str
    every_seconds: float
    run: "JobFunction"


class JobFunction(Protocol):
    """The function of a job."""

    def __call__(self) -> None: ...


@dataclass(frozen=True)
class NavItem:
    """An entry of the administrators' menu; `path` is below `/p/<plugin>/` or core's own."""

    label: str
    path: str
    order: int = 100


@dataclass(frozen=True)
class ConnectGuide:
    """How a product is connected by hand: what to tell the LMS, what to copy back, in the LMS's own words.

    Args:
        name: in addresses: `/lti/config/<name>`, `/admin/platforms/connect/<name>`.
        one_paste: it takes a registration URL too, which is the shorter way.
        issuer: where it is always the same, or follows from `{base}` (the LMS's address) or `{client_id}`; "": asked.
        auth_login_url: likewise.
        token_url: likewise.
        jwks_url: likewise.
        tells: (the LMS's name of a field, what goes in: `login`, `launch`, `jwks`, `domain`, `name`, `description`,
            `configuration`, or the text itself).
        asks: (`base`, `client_id`, `deployment_id` or a field of the platform, the LMS's name of it).
        before: what to do until the LMS asks for `tells`, a sentence each.
        after: what to do once `asks` have been filled in.
        shared_client: one client id serves every institution, so that a deployment nobody announced may be anybody's.
    """

    name: str
    one_paste: bool = False
    issuer: str = ""
    auth_login_url: str = ""
    token_url: str = ""
    jwks_url: str = ""
    tells: tuple[tuple[str, str], ...] = ()
    asks: tuple[tuple[str, str], ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    shared_client: bool = False


@dataclass(frozen=True)
class LmsProfile:
    """How one LMS product differs from the standard, as data; each difference has a test with the LMS's name.

    Args:
        product: `product_family_code` as the LMS says it, in lower case.
        minimum_score_interval: seconds between two scores for one user (Moodle compares whole seconds).
        submission_per_post: every post counts as a submission (Canvas).
        token_audience: fixed `aud` of client assertions, where it is not the token URL.
        accept_line_items: the exact Accept header of the line item container.
        extra_score_claims: claims added to every score.
        submission_claim: claim under which `{"new_submission": …}` travels, where every post would be a submission.
        submission_extras: what else travels in that claim.
        older_refusals: fragments (lower case) of a refusal that mean: the score's timestamp is not newer.
        learner_refusals: fragments (lower case) of a refusal that mean: this person cannot be graded there.
        concluded_refusals: fragments (lower case) of a refusal that mean: the course has ended and takes no grades.
        learner_statuses: statuses of a refusal that are about the person, whatever the words.
        placements: where the LMS offers deep linking, for Dynamic Registration; used where the LMS lists them.
        link_placements: where it offers a link of its own to the tool; likewise.
        link_extras: what it reads beside `link_placements`, beyond the standard.
        registration_extras: what the LMS reads in the tool configuration of Dynamic Registration beyond the standard.
        shared_issuers: issuers that all schools on the vendor's own servers share.
        hosted_domains: domains of those servers.
        submission_review: opens a learner's work from its gradebook where a line item asks for it.
        roster_page: members to ask for in one answer (`limit`); 0: as the LMS likes.
        results_page: likewise, grades of a column.
        older_statuses: statuses of a refusal that mean the same as `older_refusals`, whatever the words.
        institution_claim: where its platform configuration names the institution, for Dynamic Registration.
        connect: how it is connected by hand, None where nobody has written it down.
    """

    product: str
    label: str
    minimum_score_interval: float = 1.0
    submission_per_post: bool = False
    token_audience: str = ""
    accept_line_items: str = "application/vnd.ims.lis.v2.lineitemcontainer+json"
    extra_score_claims: JsonObject = field(default_factory=dict)
    submission_claim: str = ""
    submission_extras: JsonObject = field(default_factory=dict)
    older_refusals: tuple[str, ...] = ()
    learner_refusals: tuple[str, ...] = ()
    concluded_refusals: tuple[str, ...] = ()
    learner_statuses: tuple[int, ...] = (403, 422)
    placements: tuple[str, ...] = ()
    link_placements: tuple[str, ...] = ()
    link_extras: JsonObject = field(default_factory=dict)
    registration_extras: JsonObject = field(default_factory=dict)
    shared_issuers: tuple[str, ...] = ()
    hosted_domains: tuple[str, ...] = ()
    submission_review: bool = False
    roster_page: int = 500
    results_page: int = 1000
    older_statuses: tuple[int, ...] = (409,)
    institution_claim: str = ""
    connect: ConnectGuide | None = None
