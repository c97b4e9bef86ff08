"""How an outbound call can fail."""

from passback.errors import PassbackError, Side


class OutboundError(PassbackError):
    """Another server could not be reached, or its answer made no sense."""

    code = "outbound_failed"
    status = 502
    side = Side.LMS
    advice = "Check that the address is right and reachable from this server."


class OutboundTimeoutError(OutboundError):
    """Another server did not answer in time; what was sent may or may not have arrived."""

    code = "outbound_timeout"


class OutboundAnswerError(OutboundError):
    """Another server answered with something that Passback cannot use.

    It was reached, so what was sent may have had its effect.
    """

    code = "outbound_answer"
    advice = "Often a proxy or a sign-in page answers in its place. Check what is behind the address."


class OutboundRefusedError(OutboundError):
    """This address is not one that Passback may call."""

    code = "outbound_refused"
    side = Side.TOOL
    advice = "Approve the platform's host, or add it to PASSBACK_APPROVED_HOSTS, if it is meant to be called."
