"""What can go wrong, said so that the person who meets it knows whose side it is on and what to do next."""

import inspect
from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Whose side a failure is on."""

    TOOL = "Passback"
    LMS = "the LMS"
    BROWSER = "your browser"
    PACKAGE = "the course package"
    REQUEST = "the request"

    @property
    def sentence(self) -> str:
        """What a page says of it."""
        return _SENTENCES[self]


_SENTENCES = {
    Side.TOOL: "The cause is on the side of Passback.",
    Side.LMS: "The cause is on the side of the LMS.",
    Side.BROWSER: "The cause is in your browser.",
    Side.PACKAGE: "The cause is in the course package.",
    Side.REQUEST: "The cause is in the address, or in what was sent to it.",
}


class PassbackError(Exception):
    """Something went wrong.

    Subclasses: the first paragraph of the docstring is the message that people read; `advice` says what to do next;
    `code` is stable and goes to logs and APIs. `detail` (given when raised) is for logs and must hold no personal data.
    """

    code = "error"
    status = 400
    side = Side.REQUEST
    advice = ""

    def __init__(self, detail: str = "", *, advice: str = "") -> None:
        super().__init__(detail or self.message)
        self.detail = detail
        if advice:
            self.advice = advice

    @property
    def message(self) -> str:
        """The sentence for people: the docstring's first paragraph."""
        return _first_paragraph(type(self))


def _first_paragraph(kind: type[PassbackError]) -> str:
    text = inspect.cleandoc(kind.__doc__ or "Something went wrong.")
    return " ".join(text.split("\n\n", 1)[0].split())


@dataclass(frozen=True)
class Meaning:
    """What an error that was written down by its code tells people."""

    message: str
    advice: str
    side: Side


def meaning(code: str) -> Meaning | None:
    """Return what the error of this code means, None where no error has it (any more)."""
    waiting: list[type[PassbackError]] = [PassbackError]
    for kind in waiting:  # grows on the way
        if kind.code == code and kind is not PassbackError:
            return Meaning(_first_paragraph(kind), kind.advice, kind.side)
        waiting.extend(kind.__subclasses__())
    return None


class NotFoundError(PassbackError):
    """There is nothing here."""

    code = "not_found"
    status = 404
    advice = "Check the address, or start again from your course."


class ForbiddenError(PassbackError):
    """You may not do this."""

    code = "forbidden"
    status = 403
    advice = "Ask an administrator of this installation for the role that allows it."


class WrongHostError(PassbackError):
    """This address is not one that Passback answers."""

    code = "wrong_host"
    status = 421
    side = Side.TOOL
    advice = "Set PASSBACK_URL and PASSBACK_CONTENT_URL to the addresses in use; `passback doctor` compares them."


WORDS = {
    400: ("The browser sent something that this page does not understand.", "Go back, reload the page and try again."),
    404: (NotFoundError.__doc__ or "", NotFoundError.advice),
    405: (
        "This address does not take that kind of request.",
        "Go back and use the page's own buttons, or start again from your course.",
    ),
    413: ("This is larger than Passback takes.", "Send a smaller file, or ask the administrator to allow larger ones."),
    429: ("That was too often in a short time.", "Wait a minute, then try again."),
}
"""What refusals of the web framework mean to people, and what to do next, by status."""


def http_words(status: int, otherwise: str) -> tuple[str, str]:
    """Return message and advice for a status; `otherwise` is the message of one that is not listed."""
    message, advice = WORDS.get(status, (otherwise, ""))
    return message, advice
