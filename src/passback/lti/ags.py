"""Scores to the gradebook (LTI AGS 2.0): what is sent, and what each answer means for the delivery."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from flask import Flask
from pydantic import JsonValue
from sqlalchemy import select

from passback.clock import utc_now
from passback.db import TenantSession
from passback.delivery.models import ScoreDelivery
from passback.delivery.owed import expect_activity_scores, expect_score
from passback.delivery.senders import ScorePayload, register_sender
from passback.lti import activity_columns, line_items
from passback.lti.line_items import UNKNOWN, LineItemTarget, ServiceAnswerError
from passback.lti.models import ActivityColumn, Deployment, Platform, ResourceLink
from passback.lti.profiles import profile_for
from passback.lti.score_answers import REASONS, Meaning, is_page, meaning
from passback.lti.services import AGS, LINE_ITEM, RESULT_READ, SCORE, ServiceClient, below
from passback.lti.tokens import TokenRefusedError, retry_after
from passback.outbound import HttpAnswer, OutboundAnswerError, OutboundError, OutboundRefusedError, OutboundTimeoutError
from passback.plugin import SendResult, Verdict
from passback.runtime import runtime
from passback.tracking.activities import BY_ACTIVITY
from passback.tracking.models import ActivityGrade, Grade, Learner, Placement, Registration

SENDER = "ags"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
TOLERANCE = 1e-4

COMMENTS = {
    "best": "Best of {} attempts.",
    "last": "Last of {} attempts.",
    "first": "First of {} attempts.",
    "average": "Average of {} attempts.",
}
"""What learner and teacher read beside the grade. With one attempt nothing: it would replace the teacher's words."""

_VERDICTS = {
    Meaning.UNAUTHORISED: (Verdict.RETRY, "unauthorised"),
    Meaning.LATER: (Verdict.RETRY, "later"),
    Meaning.LEARNER: (Verdict.PARKED, "learner_not_gradable"),
    Meaning.CONCLUDED: (Verdict.PARKED, "course_concluded"),
    Meaning.REFUSED: (Verdict.PARKED, "refused"),
}


@dataclass(frozen=True)
class AgsScore:
    """What one delivery needs beyond its value; `target` None: the link is gone."""

    target: LineItemTarget | None
    user_id: str
    done_at: datetime | None
    new_submission: bool
    comment: str = ""


def destination(platform: Platform) -> str:
    """Return the name under which deliveries to a platform share caps and breakers."""
    return f"lti:{platform.id}"


def score_target(link: ResourceLink) -> str:
    """Return what to hand to `expect_score` as the line item: its URL, a placeholder where one can be found or made
    when the first score is sent, or "" where this link cannot be graded."""
    if SCORE not in link.ags_scopes:
        return ""
    if link.line_item_url:
        return link.line_item_url
    return f"{UNKNOWN}{link.id}" if link.line_items_url and LINE_ITEM in link.ags_scopes else ""


def expect_grade(
    session: TenantSession, registration_id: UUID, link: ResourceLink, platform: Platform, subject: str
) -> None:
    """Say where a grade goes, where its link can be graded at all; whether this person can, the LMS decides."""
    line_item = score_target(link)
    placement = session.get_one(Placement, link.placement_id)
    if placement.columns == BY_ACTIVITY:
        if activity_columns.can_grade(link):
            expect_activity_scores(
                session,
                activity_columns.expected(session, link, placement),
                registration_id=registration_id,
                sender=SENDER,
                destination=destination(platform),
                user_id=subject,
            )
    elif line_item:
        expect_score(
            session,
            registration_id=registration_id,
            sender=SENDER,
            destination=destination(platform),
            line_item=line_item,
            user_id=subject,
        )


def expect_grades(session: TenantSession, link: ResourceLink) -> None:
    """Say where everybody's grades of a link go, also of those who do not launch again."""
    platform = session.get_one(Platform, session.get_one(Deployment, link.deployment_id).platform_id)
    everybody = session.execute(
        select(Registration.id, Learner.subject)
        .join(Learner, Learner.id == Registration.learner_id)
        .where(Registration.placement_id == link.placement_id)
        .order_by(Registration.id)
    ).all()
    for registration_id, subject in everybody:
        expect_grade(session, registration_id, link, platform, subject)


class AgsSender:
    """Delivers scores by AGS; registered with the delivery room as `ags`."""

    def prepare(self, session: TenantSession, delivery: ScoreDelivery) -> ScorePayload | None:
        """Read the newest grade and where it goes; None where there is nothing to send yet.

        The engine sees to it that a grade which is not final never follows a final one.
        """
        grade = grade_of(session, delivery)
        if grade is None or grade.scaled is None:
            return None
        target = _target(session, delivery)
        # Canvas refuses a submission more than a minute in its future; our clock may have run ahead when it was noted.
        done_at = grade.learner_done_at and min(grade.learner_done_at, utc_now())
        attempts, which = session.execute(
            select(Registration.attempts, Placement.which_attempt)
            .join(Placement, Placement.id == Registration.placement_id)
            .where(Registration.id == delivery.registration_id)
        ).one()
        newest = max(1, attempts)  # a grade may be set by hand before there is an attempt
        several = attempts > 1 and not (isinstance(grade, Grade) and grade.overridden_by)
        comment = COMMENTS.get(which, "").format(attempts) if several else ""
        score = AgsScore(target, delivery.user_id, done_at, newest > delivery.sent_attempt, comment)
        interval = target.profile.minimum_score_interval if target else 1.0
        scaled = min(1.0, max(0.0, grade.scaled))
        return ScorePayload(grade.version, scaled, grade.final, interval, score, attempt=newest)

    def send(self, payload: ScorePayload, *, timestamp: datetime, first_try: bool) -> SendResult:
        """Send one score. Every failure comes back as a result; nothing of a body is kept but its digest.

        Args:
            timestamp: later than every earlier one of this line item and user.
            first_try: False: an earlier try may have had its effect, so the gradebook is read first.
        """
        score = payload.data
        assert isinstance(score, AgsScore)  # noqa: S101 - made by `prepare`
        refusal = _refusal(score.target)
        if refusal or score.target is None:
            return _result(Verdict.PARKED, refusal)
        try:
            return _send(score.target, score, payload, timestamp, first_try=first_try)
        except (TokenRefusedError, ServiceAnswerError, OutboundError) as error:
            return _failure(error)


def init_ags(app: Flask) -> None:
    """Make the delivery room know this sender."""
    register_sender(app, SENDER, AgsSender())


def _refusal(target: LineItemTarget | None) -> str:
    """Return why nothing needs to be sent at all, "" where it can be tried."""
    if target is None:
        return "line_item_gone"
    if target.client.platform.status != "active":
        return "platform_disabled"
    return "" if target.client.may(SCORE) else "no_score_service"


def _target(session: TenantSession, delivery: ScoreDelivery) -> LineItemTarget | None:
    """Find where the registration's scores go today: its link's line item, else the one it was promised to."""
    link = session.scalars(
        select(ResourceLink)
        .join(Registration, Registration.placement_id == ResourceLink.placement_id)
        .where(Registration.id == delivery.registration_id)
        .order_by(ResourceLink.updated_at.desc())
        .limit(1)
    ).one_or_none()
    if link is None:
        return None
    promised = "" if delivery.line_item.startswith(UNKNOWN) else delivery.line_item
    if delivery.activity:
        column = activity_columns.find(session, link, delivery.activity)
        return activity_target(session, link, column, promised) if column is not None else None
    return target_of(session, link, promised)


def grade_of(session: TenantSession, delivery: ScoreDelivery) -> Grade | ActivityGrade | None:
    """Return the grade that a delivery is of: the registration's, or one of its activities'."""
    if delivery.activity:
        by_activity = select(ActivityGrade).where(
            ActivityGrade.registration_id == delivery.registration_id, ActivityGrade.activity == delivery.activity
        )
        return session.scalars(by_activity).one_or_none()
    query = select(Grade).where(Grade.registration_id == delivery.registration_id)
    return session.scalars(query).one_or_none()


def activity_target(
    session: TenantSession, link: ResourceLink, column: ActivityColumn, promised: str = ""
) -> LineItemTarget:
    """Return where the scores of one of a link's activities go; the arguments are as for `target_of`."""
    whole, name = target_of(session, link), line_items.activity_name(column.activity)
    return replace(
        whole,
        title=f"{whole.title}: {column.title}",
        url=column.line_item_url or promised,
        resource_id=f"{whole.resource_id}/{name}",
        column=column.id,
        activity=name,
        label=column.title,
    )


def target_of(session: TenantSession, link: ResourceLink, promised: str = "") -> LineItemTarget:
    """Return where a link's scores go.

    Args:
        promised: the line item's address where the link does not know it.
    """
    placement = session.get_one(Placement, link.placement_id)
    platform = session.get_one(Platform, session.get_one(Deployment, link.deployment_id).platform_id)
    if platform in session:
        session.expunge(platform)  # it goes along to calls, which run without a session
    return LineItemTarget(
        tenant_id=session.tenant_id,
        link=link.id,
        link_id=link.link_id,
        title=link.title or placement.title,
        url=link.line_item_url or promised,
        container=link.line_items_url,
        resource_id=str(placement.id),
        points=placement.points,
        client=ServiceClient(platform, _ags_scopes(link.ags_scopes)),
        profile=profile_for(runtime().plugins.lms_profiles, platform.product, platform.issuer),
    )


def _ags_scopes(claimed: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(scope for scope in set(claimed) if scope.startswith(AGS)))


def _send(
    target: LineItemTarget, score: AgsScore, payload: ScorePayload, timestamp: datetime, *, first_try: bool
) -> SendResult:
    if not target.url:
        found = line_items.find(target)
        if found:
            line_items.remember(target, found)
        elif not target.container or not target.client.may(LINE_ITEM):
            return _result(Verdict.PARKED, "no_line_item")
        target = replace(target, url=found or line_items.make(target))
        if not target.url:
            return _result(Verdict.RETRY, "line_item_awaited", wait=5.0)
    if not first_try and _holds(target, score.user_id, payload.scaled):
        return _result(Verdict.DELIVERED, "read_back", sent=payload.scaled, read_back=True)
    answer = target.client.call(
        "POST",
        below(target.url, "scores"),
        accept="application/json",
        content_type=SCORE_TYPE,
        body=json.dumps(score_body(target, score, payload, timestamp, first_try=first_try)).encode(),
    )
    return _judge(answer, target, score, payload, answers=not first_try)


def score_body(
    target: LineItemTarget, score: AgsScore, payload: ScorePayload, timestamp: datetime, *, first_try: bool
) -> dict[str, JsonValue]:
    """Return the score as the platform gets it (AGS 2.0 §3.4).

    `gradingProgress` is always FullyGraded: anything else makes Moodle and Canvas clear the grade.
    """
    body: dict[str, JsonValue] = {
        "userId": score.user_id,
        "scoreGiven": round(payload.scaled * target.points, 6),
        "scoreMaximum": target.points,
        "activityProgress": "Completed" if payload.final else "InProgress",
        "gradingProgress": "FullyGraded",
        "timestamp": instant(timestamp),
    }
    if score.done_at is not None:
        body["submission"] = {"submittedAt": instant(score.done_at)}
    if score.comment:
        body["comment"] = score.comment
    if target.profile.submission_per_post and target.profile.submission_claim:
        # A repetition is a submission only where the gradebook was read and the one before it has not arrived.
        told = first_try or target.client.may(RESULT_READ)
        extension: dict[str, JsonValue] = {"new_submission": score.new_submission and told}
        if not payload.final:
            extension["preserve_score"] = True
        body[target.profile.submission_claim] = extension | dict(target.profile.submission_extras)
    return body | dict(target.profile.extra_score_claims)


def instant(at: datetime) -> str:
    """Return UTC with milliseconds and Z: Blackboard refuses a time without zone, Canvas keeps milliseconds."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _judge(
    answer: HttpAnswer, target: LineItemTarget, score: AgsScore, payload: ScorePayload, *, answers: bool
) -> SendResult:
    said = meaning(answer, target.profile)
    if said is Meaning.LATER and answers and answer.status >= 500:
        # Moodle says 500 to a locked grade (seen: 4.3, 4.5). The same try read the result, so the LMS is up, and one
        # locked grade must not hold up everybody else's.
        return replace(_result(Verdict.RETRY, "score_failed", answer), answers_otherwise=True)
    if said is Meaning.ACCEPTED:
        return _result(Verdict.DELIVERED, "accepted", answer, sent=payload.scaled)
    if said is Meaning.OLDER:
        if _holds(target, score.user_id, payload.scaled):
            return _result(Verdict.DELIVERED, "read_back", answer, sent=payload.scaled, read_back=True)
        return _result(Verdict.RETRY, "older_timestamp", answer, wait=target.profile.minimum_score_interval)
    if said is Meaning.MISSING:
        return _missing(answer, target)
    verdict, reason = _VERDICTS[said]
    result = _result(verdict, reason, answer, wait=retry_after(answer))
    return replace(result, whole_line_item=said is Meaning.CONCLUDED)


def _missing(answer: HttpAnswer, target: LineItemTarget) -> SendResult:
    """Tell a person who is gone from a line item that is; a lost one is looked up, never made a second time."""
    if line_items.exists(target):
        if is_page(answer):
            return _result(Verdict.RETRY, "later", answer)
        return _result(Verdict.PARKED, "learner_not_gradable", answer)
    found = line_items.find(target)
    if not found or found == target.url:
        return replace(_result(Verdict.PARKED, "line_item_gone", answer), whole_line_item=True)
    line_items.remember(target, found)
    return _result(Verdict.RETRY, "line_item_moved", answer, wait=target.profile.minimum_score_interval)


def _failure(error: TokenRefusedError | ServiceAnswerError | OutboundError) -> SendResult:
    """Turn what stopped a send into its result."""
    match error:
        case TokenRefusedError():
            return _result(Verdict.RETRY, "token_refused", status=error.http_status, wait=error.retry_after)
        case ServiceAnswerError():
            return _result(Verdict.RETRY, "service_answer", status=error.http_status)
        case OutboundRefusedError():
            return _result(Verdict.PARKED, "address_refused")
        case OutboundAnswerError():
            return _result(Verdict.RETRY, "service_answer")
        case OutboundTimeoutError():
            return _result(Verdict.RETRY, "timeout")
        case _:
            return _result(Verdict.RETRY, "unreachable")


def _holds(target: LineItemTarget, user_id: str, scaled: float) -> bool:
    """Say whether the gradebook already holds this value, after the LMS's rescaling and clipping."""
    try:
        held = line_items.result(target, user_id)
    except ServiceAnswerError as error:
        if error.http_status < 400 or error.http_status == 429 or error.http_status >= 500:
            raise  # a sign-in page, or a service that is not well: sending again might count twice
        return False  # not allowed to read: then only sending tells
    return held is not None and abs(min(1.0, max(0.0, held)) - scaled) <= TOLERANCE


def _result(
    verdict: Verdict,
    reason: str,
    answer: HttpAnswer | None = None,
    *,
    status: int = 0,
    wait: float | None = None,
    sent: float | None = None,
    read_back: bool = False,
) -> SendResult:
    return SendResult(
        verdict,
        reason_class=reason,
        reason=REASONS[reason],
        http_status=(answer.status if answer else status) or None,
        body_sha256=hashlib.sha256(answer.body).hexdigest() if answer and answer.body else "",
        retry_after=wait,
        sent_scaled=sent,
        read_back=read_back,
    )
