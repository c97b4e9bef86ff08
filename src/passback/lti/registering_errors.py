"""What can be wrong where an LMS is connected by hand or a registration is changed."""

from passback.errors import PassbackError


class ConnectFieldError(PassbackError):
    """A field of this form is missing, or holds something else than it should."""

    code = "connect_field"

    def __init__(self, field: str, label: str, problem: str) -> None:
        super().__init__(field, advice=f"{label}: {problem} Copy it from the LMS's page of the tool.")
        self.field = field
