"""What Passback tells an LMS about itself, for those that are set up by hand, generated from the running tool."""

from collections.abc import Mapping

from passback.lti.message import CONTEXT_HISTORY, DEEP_LINKING, HISTORIES, RESOURCE_LINK
from passback.lti.profiles import TOOL_ID
from passback.lti.registration_messages import CLIENT_NAME, DESCRIPTION
from passback.lti.services import WANTED_SCOPES
from passback.outbound import authority
from passback.plugin import ConnectGuide, JsonObject, LmsProfile

CANVAS = "canvas"
PICKER_PIXELS = 800


def tool_values(url: str) -> dict[str, str]:
    """Return what a guide's `tells` stand for.

    Args:
        url: the tool's own, `PASSBACK_URL`.
    """
    return {
        "name": CLIENT_NAME,
        "description": DESCRIPTION,
        "domain": authority(url),
        "login": f"{url}/lti/login",
        "launch": f"{url}/lti/launch",
        "jwks": f"{url}/lti/jwks",
        "configuration": f"{url}/lti/config/{CANVAS}",
    }


def told(guide: ConnectGuide, url: str) -> list[tuple[str, str]]:
    """Return the fields of the LMS's form with what goes into each."""
    values = tool_values(url)
    return [(label, values.get(what, what)) for label, what in guide.tells]


def canvas_configuration(url: str) -> JsonObject:
    """Return Canvas's JSON configuration of an LTI key (Canvas, "Configuring LTI Advantage Tools").

    Only a course's menu entry is off until a teacher switches it on. Pickers get room for a list of courses.
    """
    values = tool_values(url)
    picker: JsonObject = {
        "message_type": DEEP_LINKING,
        "target_link_uri": values["launch"],
        "text": CLIENT_NAME,
        "selection_width": PICKER_PIXELS,
        "selection_height": PICKER_PIXELS,
    }
    menu: JsonObject = {
        "placement": "course_navigation",
        "message_type": RESOURCE_LINK,
        "target_link_uri": values["launch"],
        "text": CLIENT_NAME,
        "default": "disabled",
        "visibility": "members",
    }
    return {
        "title": CLIENT_NAME,
        "description": DESCRIPTION,
        "oidc_initiation_url": values["login"],
        "target_link_uri": values["launch"],
        "public_jwk_url": values["jwks"],
        "scopes": [*WANTED_SCOPES],
        # Copied courses say where they come from; Canvas has no history of links.
        "custom_fields": {CONTEXT_HISTORY: f"${HISTORIES[CONTEXT_HISTORY]}"},
        "extensions": [
            {
                "platform": "canvas.instructure.com",
                "domain": values["domain"],
                "tool_id": TOOL_ID,
                "privacy_level": "public",
                "settings": {
                    "text": CLIENT_NAME,
                    "placements": [
                        {**picker, "placement": "assignment_selection"},
                        {**picker, "placement": "link_selection"},
                        menu,
                    ],
                },
            }
        ],
    }


def configuration(profile: LmsProfile, url: str) -> JsonObject:
    """Return what an LMS's administrator needs: Canvas's own format, for others the fields of their form by name.

    Args:
        profile: one with a guide.
    """
    guide = profile.connect
    assert guide is not None  # noqa: S101 - found by its guide
    if guide.name == CANVAS:
        return canvas_configuration(url)
    known = {name: getattr(guide, name) for name in ("issuer", "auth_login_url", "token_url", "jwks_url")}
    return {
        "lms": profile.label,
        "enter_in_the_lms": dict(told(guide, url)),
        "copy_back": dict(guide.asks),
        "always_the_same": {name: value for name, value in known.items() if value and "{" not in value},
        "scopes": [*WANTED_SCOPES],
        "takes_a_registration_url": guide.one_paste,
    }


def guides(profiles: Mapping[str, LmsProfile]) -> list[tuple[ConnectGuide, str]]:
    """Return every guide with the product's name, by that name."""
    found = [(one.connect, one.label) for one in profiles.values() if one.connect is not None]
    return sorted(found, key=lambda pair: pair[1].casefold())
