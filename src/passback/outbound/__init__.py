"""Every outbound call: one client with time-outs, size caps, a User-Agent and an SSRF guard."""

from passback.outbound.client import USER_AGENT, HttpAnswer, HttpClient
from passback.outbound.errors import OutboundError, OutboundRefusedError, OutboundTimeoutError
from passback.outbound.guard import authority

__all__ = [
    "USER_AGENT",
    "HttpAnswer",
    "HttpClient",
    "OutboundError",
    "OutboundRefusedError",
    "OutboundTimeoutError",
    "authority",
]
