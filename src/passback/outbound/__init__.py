"""Every outbound call: one client with time-outs, size caps, a User-Agent and an SSRF guard."""

from passback.outbound.client import USER_AGENT, HttpAnswer, HttpClient
from passback.outbound.errors import OutboundAnswerError, OutboundError, OutboundRefusedError, OutboundTimeoutError
from passback.outbound.guard import authority

__all__ = [
    "USER_AGENT",
    "HttpAnswer",
    "HttpClient",
    "OutboundAnswerError",
    "OutboundError",
    "OutboundRefusedError",
    "OutboundTimeoutError",
    "authority",
]
