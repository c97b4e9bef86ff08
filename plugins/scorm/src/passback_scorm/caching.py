"""What is worked out of a course's data is worked out once per process, not with each commit."""

from passback.plugin import JsonObject


class OfCourse:
    """A course's data as the key of a cache: the same where its digest is the same.

    Courses imported by earlier versions have none: theirs is the same where it is the same object, which the key keeps
    alive, so that its identity stays its own.
    """

    __slots__ = ("content", "digest")

    def __init__(self, content: JsonObject) -> None:
        digest = content.get("digest")
        self.content = content
        self.digest = digest if isinstance(digest, str) else ""

    def __hash__(self) -> int:
        return hash(self.digest) if self.digest else id(self.content)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OfCourse) or self.digest != other.digest:
            return False
        return bool(self.digest) or self.content is other.content
