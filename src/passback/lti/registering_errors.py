"""What can be wrong where an LMS is connected by hand or a registration is changed."""

from passback.errors import PassbackError, Side


class ConnectFieldError(PassbackError):
    """A field of this form is missing, or holds something else than it should."""

    code = "connect_field"

    def __init__(self, field: str, label: str, problem: str) -> None:
        super().__init__(field, advice=f"{label}: {problem} Copy it from the LMS's page of the tool.")
        self.field = field


class RegistrationFixedError(PassbackError):
    """This LMS gave Passback no way to change its registration there."""

    code = "registration_fixed"
    status = 409
    side = Side.LMS
    advice = (
        "Register it again: make a new registration address, paste it in the LMS, and choose there, and here where it "
        "is asked, to bring the present registration up to date."
    )


class RegistrationForgottenError(PassbackError):
    """The LMS no longer accepts the token with which Passback could change its registration there."""

    code = "registration_forgotten"
    status = 502
    side = Side.LMS
    advice = RegistrationFixedError.advice


class NotTheSameLmsError(PassbackError):
    """These two entries are not registrations of one LMS for one institution."""

    code = "not_the_same_lms"
    status = 409
    advice = "Only an entry with the same issuer, on the same host and of the same institution can be replaced."
