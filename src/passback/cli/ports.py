"""Says which port is taken before anything starts."""

import socket

from passback.errors import PassbackError, Side


class PortTakenError(PassbackError):
    """Something else listens on a port that is needed."""

    code = "port_taken"
    status = 500
    side = Side.TOOL
    advice = "Stop it, or choose another: PASSBACK_PORT, together with PASSBACK_URL and PASSBACK_CONTENT_URL."


def check_free(host: str, port: int, *, advice: str = PortTakenError.advice) -> None:
    """Make sure that nothing listens at `host` (0.0.0.0 and the like: here) on `port`.

    Args:
        advice: what to do about it.

    Raises:
        PortTakenError: something does.
    """
    here = "127.0.0.1" if host in {"", "0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    try:
        with socket.create_connection((here, port), timeout=1):
            pass
    except OSError:
        return
    raise PortTakenError(f"port {port}", advice=f"It is port {port}. {advice}")
