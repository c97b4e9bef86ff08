"""Where LMSs differ, as data. The default is Moodle's behaviour, which is the strictest in most respects."""

from dataclasses import dataclass, replace
from enum import StrEnum


class TimestampRule(StrEnum):
    """What a score's timestamp is compared with."""

    OWN_CLOCK = "not after the whole second in which this LMS stored the last score"
    OWN_SECOND = "not after the whole second of the last score's timestamp, or of a grade entered by hand"
    OLDER = "older than the last score's timestamp"
    NOT_NEWER = "not newer than the last score's timestamp"


@dataclass(frozen=True)
class StrictnessProfile:
    """How one LMS product behaves where products differ.

    Args:
        id_token_seconds: life of an id_token.
        shared_issuer: the issuer that all installations of the product share; "": the LMS's own URL.
        own_custom: adds its own keys (service URLs) to a launch's custom parameters.
        deep_linking_data: sends `data` with a deep linking request and demands it back. Moodle does not; it is on
            everywhere here because the strictest do.
        token_type: Content-Type of the token endpoint's answer.
        refuse_foreign_scopes: one scope that is not granted fails the whole token request (Sakai).
        missing_scope: status where a token lacks the scope.
        exact_accept: line item calls must accept exactly the one media type.
        user_agent_required: calls without User-Agent get 403.
        timestamp_rule: which scores are refused as old, with status `timestamp_refused`.
        unknown_user: status for a score of somebody who is no learner of the course.
        zone_required: a timestamp without zone gets 400 (Blackboard).
        non_final_wipes: a score that is not FullyGraded removes the grade.
        pending_manual_counts: PendingManual with a score is kept all the same (Canvas).
        clip: a score above the maximum is cut to it.
        override_holds: a grade that a teacher changed by hand stays, although the score is answered with 200.
        maximum_required: scoreMaximum 0 is refused with 422.
        page_size: members in one answer unless `limit` is sent; 0: all.
        largest_page: members in one answer whatever `limit` says; 0: any number.
        next_page_loses: what the link to the next page of members forgets of the query.
        broken_line_item_links: paging links of line items have curly quotes and `&amp;`.
    """

    name: str = "moodle"
    product_family_code: str = "moodle"
    version: str = "2022112810"
    id_token_seconds: int = 60
    shared_issuer: str = ""
    own_custom: bool = True
    deep_linking_data: bool = True
    token_type: str = "text/html"  # noqa: S105 - a media type
    refuse_foreign_scopes: bool = False
    missing_scope: int = 401
    exact_accept: bool = True
    user_agent_required: bool = False
    timestamp_rule: TimestampRule = TimestampRule.OWN_CLOCK
    timestamp_refused: int = 409
    unknown_user: int = 400
    zone_required: bool = False
    non_final_wipes: bool = True
    pending_manual_counts: bool = False
    clip: bool = True
    override_holds: bool = True
    maximum_required: bool = False
    page_size: int = 0
    largest_page: int = 0
    next_page_loses: tuple[str, ...] = ("role",)
    broken_line_item_links: bool = True


MOODLE = StrictnessProfile()
"""Moodle 4.1.10, observed; 4.3 behaves the same."""

MOODLE_45 = replace(MOODLE, name="moodle45", version="2024100706", timestamp_rule=TimestampRule.OWN_SECOND)
"""Moodle 4.5.6, observed: a score is stored under its own timestamp, so one from the future blocks later ones."""

CANVAS = StrictnessProfile(
    name="canvas",
    product_family_code="canvas",
    version="cloud",
    id_token_seconds=3600,
    shared_issuer="https://canvas.instructure.com",
    own_custom=False,
    token_type="application/json",  # noqa: S106 - a media type
    missing_scope=403,
    exact_accept=False,
    user_agent_required=True,
    timestamp_rule=TimestampRule.OLDER,
    timestamp_refused=400,
    unknown_user=422,
    pending_manual_counts=True,
    clip=False,
    override_holds=False,
    maximum_required=True,
    page_size=50,
    largest_page=100,
    next_page_loses=(),
    broken_line_item_links=False,
)
"""Canvas's cloud: one issuer for all, User-Agent mandatory, pages of 50."""

OPEN_EDX = StrictnessProfile(
    name="openedx",
    product_family_code="openedx",
    version="1.0",
    id_token_seconds=3600,
    own_custom=False,
    token_type="application/json",  # noqa: S106 - a media type
    missing_scope=403,
    exact_accept=False,
    timestamp_rule=TimestampRule.NOT_NEWER,
    timestamp_refused=400,
    non_final_wipes=False,
    clip=False,
    override_holds=False,
    page_size=10,
    largest_page=100,
    next_page_loses=(),
    broken_line_item_links=False,
)
"""Open edX (lti-consumer-xblock 11): an equal timestamp is refused too; what is not final is stored as it is."""

SAKAI = StrictnessProfile(
    name="sakai",
    product_family_code="sakai",
    version="25",
    id_token_seconds=3600,
    own_custom=False,
    token_type="application/json",  # noqa: S106 - a media type
    refuse_foreign_scopes=True,
    missing_scope=403,
    exact_accept=False,
    timestamp_rule=TimestampRule.OLDER,
    timestamp_refused=400,
    broken_line_item_links=False,
    next_page_loses=("rlid",),
)
"""Sakai: asking for one scope too many fails the whole token."""

BLACKBOARD = StrictnessProfile(
    name="blackboard",
    product_family_code="BlackboardLearn",
    version="3900",
    id_token_seconds=3600,
    shared_issuer="https://blackboard.com",
    own_custom=False,
    token_type="application/json",  # noqa: S106 - a media type
    missing_scope=403,
    exact_accept=False,
    timestamp_rule=TimestampRule.OLDER,
    timestamp_refused=400,
    zone_required=True,
    non_final_wipes=False,
    broken_line_item_links=False,
)
"""Blackboard: one issuer for the world; a timestamp without a zone is refused."""

PROFILES = {profile.name: profile for profile in (MOODLE, MOODLE_45, CANVAS, OPEN_EDX, SAKAI, BLACKBOARD)}
