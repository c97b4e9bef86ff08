"""Where LMSs differ, as data. The default is Moodle's behaviour, which is the strictest in most respects."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from passback.sandbox.vocabulary import (
    DATA_PRIVACY_REQUEST,
    DEEP_LINKING_REQUEST,
    RESOURCE_LINK_REQUEST,
    SUBMISSION_REVIEW_REQUEST,
)


class TimestampRule(StrEnum):
    """What a score's timestamp is compared with."""

    OWN_CLOCK = "not after the whole second in which this LMS stored the last score"
    OWN_SECOND = "not after the whole second of the last score's timestamp, or of a grade entered by hand"
    OLDER = "older than the last score's timestamp"
    NOT_NEWER = "not newer than the last score's timestamp"


@dataclass(frozen=True)
class RegistrationRules:
    """How one LMS product does Dynamic Registration.

    Args:
        token_in_address: the token is part of the configuration's address and of the registration's; no parameter
            `registration_token` comes, and no Bearer is wanted (Brightspace).
        discovery_needs_token: the configuration is shown to a Bearer only (Canvas).
        opens: where the tool's page opens: frame or tab.
        placements: by message type, which places it offers.
        validates: what it does not offer is refused with 422 and JSON (Canvas).
        extras: what its platform configuration says beyond the standard.
        one_domain: a second tool of the same domain is refused while the first is enabled (Brightspace).
        pending_works: a tool that nobody has activated yet launches and gets tokens (Moodle).
        deployment: where its answer names the deployment: in the tool configuration, beside it (Canvas, seen), or
            nowhere (Brightspace).
        token_twice: the token is a parameter and in the configuration's address as well (Canvas, seen).
        managed: its answer names a `registration_client_uri` with a token (RFC 7592).
    """

    token_in_address: bool = False
    discovery_needs_token: bool = False
    opens: str = "frame"
    placements: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            RESOURCE_LINK_REQUEST: (),
            DEEP_LINKING_REQUEST: ("ContentArea",),
            SUBMISSION_REVIEW_REQUEST: (),
            DATA_PRIVACY_REQUEST: (),
        }
    )
    validates: bool = False
    extras: Mapping[str, str] = field(default_factory=dict)
    one_domain: bool = False
    pending_works: bool = True
    deployment: str = "inside"
    token_twice: bool = False
    managed: bool = False


@dataclass(frozen=True)
class StrictnessProfile:
    """How one LMS product behaves where products differ.

    Args:
        id_token_seconds: life of an id_token.
        shared_issuer: the issuer that all installations of the product share; "": the LMS's own URL.
        own_custom: adds its own keys (service URLs) to a launch's custom parameters.
        deep_linking_data: sends `data` with a deep linking request and demands it back. Moodle does not; it is on
            everywhere here because the strictest do.
        deep_linking_multiple: takes several items in one answer.
        deep_linking_line_items: takes line items with them.
        deep_linking_targets: the hints how to show a link that it knows.
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
        page_size: members, columns or grades in one answer unless `limit` is sent; 0: all.
        largest_page: how many of them in one answer whatever `limit` says; 0: any number.
        next_page_loses: what the link to the next page of members forgets of the query.
        notices: sends notices (context copies) to tools that ask for them, and knows the variables of histories.
        broken_line_item_links: paging links of line items have curly quotes and `&amp;`.
        unknown_user_words: what it says with `unknown_user`.
        timestamp_words: what it says with `timestamp_refused`.
        words_in_phrase: what is wrong with a score goes into the status line's phrase, the posted JSON behind it
            (Moodle); else it is in the body.
        staff_user: status for a score of somebody who is in the course without being a learner; 0: `unknown_user`.
        token_audience: the one `aud` of client assertions that it takes; "": its token endpoint or issuer.
        named_audience: what its configuration calls `authorization_server`; "": leaves it out.
        registration: how tools register themselves, None: they cannot.
    """

    name: str = "moodle"
    product_family_code: str = "moodle"
    version: str = "2022112810"
    id_token_seconds: int = 60
    shared_issuer: str = ""
    own_custom: bool = True
    deep_linking_data: bool = True
    deep_linking_multiple: bool = True
    deep_linking_line_items: bool = True
    deep_linking_targets: tuple[str, ...] = ("frame", "iframe", "window")
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
    notices: bool = False
    broken_line_item_links: bool = True
    unknown_user_words: str = "Incorrect score received"
    timestamp_words: str = "Refusing score with an earlier timestamp"
    words_in_phrase: bool = True
    staff_user: int = 0
    token_audience: str = ""
    named_audience: str = ""
    registration: RegistrationRules | None = RegistrationRules()


MOODLE = StrictnessProfile()
"""Moodle 4.1.10, observed; 4.3 behaves the same."""

MOODLE_45 = replace(MOODLE, name="moodle45", version="2024100706", timestamp_rule=TimestampRule.OWN_SECOND)
"""Moodle 4.5.6, observed: a score is stored under its own timestamp, so one from the future blocks later ones."""

_CANVAS = "https://canvas.instructure.com/lti/"

CANVAS = StrictnessProfile(
    name="canvas",
    product_family_code="canvas",
    version="cloud",
    id_token_seconds=3600,
    shared_issuer="https://canvas.instructure.com",
    own_custom=False,
    deep_linking_multiple=False,  # its assignment_selection placement
    token_type="application/json",  # noqa: S106 - a media type
    words_in_phrase=False,
    missing_scope=403,
    exact_accept=False,
    user_agent_required=True,
    notices=True,
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
    unknown_user_words="User not found in course or is not a student",
    timestamp_words="Timestamp must be later than or equal to the last: before last updated timestamp",
    named_audience="canvas.instructure.com",
    registration=RegistrationRules(
        discovery_needs_token=True,
        token_twice=True,
        deployment="beside",
        placements={
            RESOURCE_LINK_REQUEST: (f"{_CANVAS}account_navigation", f"{_CANVAS}course_navigation", "ContentArea"),
            DEEP_LINKING_REQUEST: (
                f"{_CANVAS}assignment_selection",
                f"{_CANVAS}editor_button",
                f"{_CANVAS}link_selection",
                "ContentArea",
                "RichTextEditor",
            ),
        },
        validates=True,
        extras={
            f"{_CANVAS}account_name": "Practice University",
            f"{_CANVAS}account_lti_guid": "practice:canvas-lms",
        },
        pending_works=False,
    ),
)
"""Canvas's cloud: one issuer for all, User-Agent mandatory, pages of 50."""

OPEN_EDX = StrictnessProfile(
    name="openedx",
    product_family_code="openedx",
    version="1.0",
    id_token_seconds=3600,
    own_custom=False,
    token_type="application/json",  # noqa: S106 - a media type
    words_in_phrase=False,
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
    unknown_user_words="Invalid User",
    timestamp_words="Score already exists for the provided timestamp.",
    registration=None,
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
    words_in_phrase=False,
    missing_scope=403,
    exact_accept=False,
    timestamp_rule=TimestampRule.OLDER,
    timestamp_refused=400,
    broken_line_item_links=False,
    next_page_loses=("rlid",),
    unknown_user_words="User does not belong to site",
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
    words_in_phrase=False,
    missing_scope=403,
    exact_accept=False,
    timestamp_rule=TimestampRule.OLDER,
    timestamp_refused=400,
    zone_required=True,
    non_final_wipes=False,
    broken_line_item_links=False,
    unknown_user_words="User could not be found: unknown",
)
"""Blackboard: one issuer for the world; a timestamp without a zone is refused."""

BRIGHTSPACE = StrictnessProfile(
    name="brightspace",
    product_family_code="desire2learn",
    version="20.25.11",
    id_token_seconds=3600,
    own_custom=False,
    token_type="application/json",  # noqa: S106 - a media type
    words_in_phrase=False,
    missing_scope=403,
    exact_accept=False,
    timestamp_rule=TimestampRule.OLDER,
    timestamp_refused=400,
    unknown_user=403,
    non_final_wipes=False,
    override_holds=False,
    largest_page=100,
    next_page_loses=(),
    broken_line_item_links=False,
    unknown_user_words="The user is not enrolled",
    staff_user=422,
    token_audience="https://api.brightspace.com/auth/token",  # noqa: S106 - an address
    named_audience="https://api.brightspace.com/auth/token",
    registration=RegistrationRules(
        token_in_address=True, opens="tab", one_domain=True, pending_works=False, deployment=""
    ),
)
"""Brightspace, by D2L's documentation: one audience for all tokens, a registration that is off until it is enabled.

The rule of timestamps and the statuses of a refused one are not documented and have not been seen."""

SCHOOLOGY = StrictnessProfile(
    name="schoology",
    product_family_code="schoology",
    version="cloud",
    id_token_seconds=3600,
    shared_issuer="https://schoology.schoology.com",
    own_custom=False,
    token_type="application/json",  # noqa: S106 - a media type
    words_in_phrase=False,
    missing_scope=403,
    exact_accept=False,
    timestamp_rule=TimestampRule.OLDER,
    timestamp_refused=400,
    unknown_user=404,
    override_holds=False,
    page_size=100,
    largest_page=100,
    next_page_loses=(),
    broken_line_item_links=False,
    unknown_user_words="Not found",
    registration=None,
)
"""Schoology, by its documentation: one issuer for all, pages of 100 at most, no registration by address.

How it refuses scores is not documented and has not been seen."""

PROFILES = {
    profile.name: profile
    for profile in (MOODLE, MOODLE_45, CANVAS, OPEN_EDX, SAKAI, BLACKBOARD, BRIGHTSPACE, SCHOOLOGY)
}
