"""How each LMS product differs from the standard, as data. Plugins may add to it or replace a product's profile."""

from collections.abc import Iterable, Mapping

from passback.lti import guides
from passback.plugin import LmsProfile, hookimpl

CONTENT_AREA = "ContentArea"
CANVAS = "https://canvas.instructure.com/lti/"
CANVAS_PICKERS = ("assignment_selection", "link_selection")
TOOL_ID = "passback"
"""What Canvas calls this tool across its installations."""

BUILTIN = (
    LmsProfile(
        "moodle",
        "Moodle",
        # Moodle compares whole seconds with its own clock, and `>=` refuses (facts: 409).
        minimum_score_interval=1.0,
        older_refusals=("earlier timestamp",),
        learner_refusals=("incorrect score received",),
        placements=(CONTENT_AREA,),
        submission_review=True,
        connect=guides.MOODLE,
    ),
    LmsProfile(
        "canvas",
        "Canvas",
        submission_per_post=True,
        submission_claim=CANVAS + "submission",
        older_refusals=("before last updated timestamp",),
        learner_refusals=("user not found in course",),
        concluded_refusals=("course has concluded",),  # 422, as an unknown person
        # Else a score takes the place of a grade that the teacher has entered (Canvas, Score API).
        submission_extras={"prioritize_non_tool_grade": True},
        learner_statuses=(422,),
        # Canvas lists them by their plain names or with its prefix, and answers 422 to any that it does not list.
        placements=(*CANVAS_PICKERS, *(CANVAS + one for one in CANVAS_PICKERS)),
        link_placements=("course_navigation", CANVAS + "course_navigation"),
        # Teachers switch it on where they want it: a menu entry in every course of the account is nobody's wish.
        link_extras={CANVAS + "course_navigation/default_enabled": False},
        registration_extras={CANVAS + "privacy_level": "public", CANVAS + "tool_id": TOOL_ID},
        shared_issuers=(
            "https://canvas.instructure.com",
            "https://canvas.beta.instructure.com",
            "https://canvas.test.instructure.com",
        ),
        hosted_domains=("instructure.com", "canvaslms.com"),
        roster_page=100,  # the most that its paging gives; 50 unless asked
        results_page=100,
        institution_claim=CANVAS + "account_name",
        connect=guides.CANVAS,
    ),
    LmsProfile(
        "blackboardlearn",
        "Blackboard",
        learner_refusals=("user could not be found",),
        placements=(CONTENT_AREA,),
        shared_issuers=("https://blackboard.com",),
        hosted_domains=("blackboard.com",),
        connect=guides.BLACKBOARD,
    ),
    LmsProfile(
        "desire2learn",
        "Brightspace",
        token_audience="https://api.brightspace.com/auth/token",  # noqa: S106 - an address
        placements=(CONTENT_AREA,),
        connect=guides.BRIGHTSPACE,
    ),
    LmsProfile(
        "sakai",
        "Sakai",
        learner_refusals=("user does not belong to site",),
        placements=(CONTENT_AREA,),
        connect=guides.SAKAI,
    ),
    LmsProfile(
        "openedx",
        "Open edX",
        older_refusals=("score already exists for the provided timestamp",),
        learner_refusals=("invalid user",),
        placements=(CONTENT_AREA,),
        roster_page=100,
        connect=guides.OPEN_EDX,
    ),
    LmsProfile(
        "schoology",
        "Schoology",
        placements=(CONTENT_AREA,),
        shared_issuers=("https://schoology.schoology.com",),
        hosted_domains=("schoology.com",),
        roster_page=100,  # its maximum
        connect=guides.SCHOOLOGY,
    ),
)


DEFAULT = LmsProfile(
    "",
    "LMS",
    older_refusals=tuple(words for one in BUILTIN for words in one.older_refusals),
    learner_refusals=tuple(words for one in BUILTIN for words in one.learner_refusals),
    concluded_refusals=tuple(words for one in BUILTIN for words in one.concluded_refusals),
    placements=(CONTENT_AREA,),
    submission_review=True,
)
"""An LMS that nobody knows yet: the strictest reading of the standard, and every wording that is known."""


class LmsProfiles:
    """Core's own profiles, registered by the same hook as a plugin's."""

    @hookimpl
    def register_lms_profiles(self) -> Iterable[LmsProfile]:
        """Return the products that core knows."""
        return BUILTIN


def guided(profiles: Mapping[str, LmsProfile], name: str) -> LmsProfile | None:
    """Return the product whose guide has this name, None where there is none."""
    named = (one for one in profiles.values() if one.connect is not None and one.connect.name == name)
    return next(named, None)


def profile_for(profiles: Mapping[str, LmsProfile], product: str, issuer: str = "") -> LmsProfile:
    """Return the profile of a product, else the one whose shared issuer this is, else the default.

    Args:
        profiles: the registry's, by product.
        product: `product_family_code` as the LMS said it.
        issuer: for platforms that never said their product.
    """
    found = profiles.get(product.strip().lower())
    if found is None and not product:
        found = next((one for one in profiles.values() if issuer in one.shared_issuers), None)
    return found or DEFAULT
