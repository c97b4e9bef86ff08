"""Who may see what is kept of people: administrators of their LMS, by a token in the page's address (no cookie)."""

from dataclasses import dataclass, replace
from uuid import UUID

from passback.db import JsonObject
from passback.lti.known import platform_source
from passback.lti.message import Launch
from passback.lti.privacy_errors import PrivacyRefusedError
from passback.runtime import runtime

SECONDS = 2 * 3600
"""Shorter than other pages: what it shows is personal throughout."""
_PURPOSE = "lti-privacy"


@dataclass(frozen=True)
class PrivacyAccess:
    """What the page's address carries, unreadable to anybody else.

    Args:
        platform_id: only people whom this LMS knows are shown.
        subject: the LMS's key of the one person; "" for a list of everybody.
        listed: the person was chosen from the list, which may be gone back to.
        return_url: the way back to the LMS.
        code: the launch's code, for support and for the audit.
        framed_by: origins that may frame the page.
    """

    tenant_id: UUID
    platform_id: UUID
    subject: str = ""
    listed: bool = False
    return_url: str = ""
    code: str = ""
    framed_by: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The `Learner.source` of the platform's people."""
        return platform_source(self.platform_id)

    def of(self, subject: str) -> "PrivacyAccess":
        """Return the access to one person of the list."""
        return replace(self, subject=subject, listed=True)

    def to_list(self) -> "PrivacyAccess":
        """Return the access to the list that the person was chosen from."""
        return replace(self, subject="", listed=False)


def privacy_url(launch: Launch) -> str:
    """Return where an administrator sees what is kept of `launch.for_user`, or of everybody from this LMS.

    Raises:
        PrivacyRefusedError: no administrator.
    """
    if not launch.person.administers:
        raise PrivacyRefusedError
    access = PrivacyAccess(
        tenant_id=launch.tenant_id,
        platform_id=launch.platform.id,
        subject=launch.for_user,
        return_url=launch.return_url,
        code=launch.code,
        framed_by=launch.ancestors,
    )
    return f"{runtime().settings.url}/lti/privacy/{token_of(access)}"


def token_of(access: PrivacyAccess) -> str:
    """Return the token of an access, good for two hours. Encrypted: there is a person's key in it."""
    value: JsonObject = {
        "tenant": access.tenant_id.hex,
        "platform": access.platform_id.hex,
        "subject": access.subject,
        "listed": access.listed,
        "return": access.return_url,
        "code": access.code,
        "framed": list(access.framed_by),
    }
    return runtime().sealer.hide(_PURPOSE, value)


def read_access(token: str) -> PrivacyAccess:
    """Return what an address carries.

    Raises:
        TokenError: forged, damaged or older than two hours.
    """
    value = runtime().sealer.reveal(_PURPOSE, token, max_age=SECONDS)
    return PrivacyAccess(
        UUID(value["tenant"]),
        UUID(value["platform"]),
        value["subject"],
        value["listed"],
        value["return"],
        value["code"],
        tuple(value["framed"]),
    )
