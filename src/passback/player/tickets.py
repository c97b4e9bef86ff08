"""Launch links without an LMS: `/start/<ticket>`, single use, short-lived."""

from uuid import UUID

from sqlalchemy import select

from passback.clock import utc_now
from passback.db import TenantSession, tenant_session
from passback.player.entry import entry_url, web_address
from passback.player.errors import LinkExpiredError, TicketUsedError
from passback.player.models import LaunchTicket
from passback.runtime import runtime
from passback.sealing import TokenError

TICKET_SECONDS = 15 * 60


def issue(session: TenantSession, registration_id: UUID, return_url: str = "") -> str:
    """Return the address that opens `registration_id` once, within 15 minutes.

    Args:
        return_url: where the learner goes after leaving; anything but http(s) is left out.
    """
    ticket = LaunchTicket(registration_id=registration_id, return_url=web_address(return_url))
    session.add(ticket)
    session.flush()
    token = runtime().sealer.sign("player.ticket", {"t": session.tenant_id.hex, "k": ticket.id.hex})
    return f"{runtime().settings.url}/start/{token}"


def redeem(token: str) -> str:
    """Use a ticket up and return the address to go on to.

    Raises:
        LinkExpiredError: forged, damaged or too old.
        TicketUsedError: used before.
    """
    try:
        value = runtime().sealer.verify("player.ticket", token, max_age=TICKET_SECONDS)
    except TokenError as error:
        raise LinkExpiredError(error.detail) from error
    tenant_id = UUID(hex=value["t"])
    with tenant_session(tenant_id, write=True) as session:
        wanted = select(LaunchTicket).where(LaunchTicket.id == UUID(hex=value["k"])).with_for_update()
        ticket = session.scalars(wanted).one_or_none()
        if ticket is None:
            raise LinkExpiredError("the ticket was purged or its registration erased")
        if ticket.used_at is not None:
            raise TicketUsedError(f"ticket {ticket.id}")
        ticket.used_at = utc_now()
        registration_id, return_url = ticket.registration_id, ticket.return_url
    return entry_url(tenant_id=tenant_id, registration_id=registration_id, return_url=return_url)
