"""What can go wrong with deliveries."""

from passback.errors import PassbackError


class UnknownDeliveryError(PassbackError):
    """There is no such delivery."""

    code = "unknown_delivery"
    status = 404
    advice = "`passback deliveries list` shows the ones there are."
