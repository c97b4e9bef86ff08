"""What can go wrong with packages, courses and their files."""

from passback.errors import NotFoundError, PassbackError, Side
from passback.plugin import PackageError


class PackageRefusedError(PassbackError):
    """This package cannot be imported.

    Args:
        error: what the package reader or the content type found; its message, advice and code are what people get.
    """

    code = "package_refused"
    status = 422
    side = Side.PACKAGE

    def __init__(self, error: PackageError) -> None:
        super().__init__(error.message, advice=error.advice)
        self.code = error.code
        self._message = error.message

    @property
    def message(self) -> str:
        """The reader's own sentence."""
        return self._message


class ImportFaultError(PassbackError):
    """Passback met a fault of its own while it read this package. Nothing was imported."""

    code = "import_fault"
    status = 500
    side = Side.TOOL
    advice = "Tell the administrator: the log names the content type that failed, and why."


class ContentTypeMissingError(PassbackError):
    """The plugin that plays this kind of course is missing or switched off."""

    code = "content_type_missing"
    status = 503  # players keep what they have not sent yet, and send it when the plugin is back
    side = Side.TOOL
    advice = "An administrator can see with `passback plugins list` what is loaded. Nothing that was saved is lost."


class UnknownCourseError(NotFoundError):
    """There is no such course."""

    code = "unknown_course"
    advice = "`passback courses list` shows the courses there are, each with its id."


class AmbiguousCourseError(PassbackError):
    """Several courses have this title."""

    code = "ambiguous_course"
    advice = "Name the course by its id; `passback courses list` shows it."


class UnknownVersionError(NotFoundError):
    """The course has no such version (any more)."""

    code = "unknown_version"
    advice = "`passback courses versions COURSE` lists the versions there are."


class OtherCourseError(PassbackError):
    """This package seems to be another course, not a new version of this one.

    Args:
        reason: what makes it look so, for people.
    """

    code = "other_course"
    status = 409
    side = Side.PACKAGE
    advice = "Import it as a new course; or, if it is meant, say so with `--yes`."

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self._reason = reason

    @property
    def message(self) -> str:
        """The sentence with its reason."""
        return f"{super().message} {self._reason}"


class OlderVersionError(PassbackError):
    """This package is an older version of the course, byte for byte; no new version was made.

    Args:
        number: which one.
    """

    code = "older_version"
    status = 409

    def __init__(self, number: int) -> None:
        super().__init__(
            f"version {number}", advice=f"Go back to version {number} instead; nothing has to be imported."
        )


class SameVersionError(PassbackError):
    """This package is the course's current version already, byte for byte; nothing was imported."""

    code = "same_version"
    status = 409
    advice = "Export the course again if it should have changed."


class StagedVersionGoneError(NotFoundError):
    """This upload does not wait any more: somebody confirmed or discarded it, or a day has passed."""

    code = "staged_version_gone"
    advice = "The course's page shows the versions there are; upload the package again if it is not among them."


class VersionChangedError(PassbackError):
    """The course has got another version in the meantime."""

    code = "version_changed"
    status = 409
    advice = "Look at what would change now, and confirm again."


class CurrentVersionError(PassbackError):
    """The version that new attempts take cannot be deleted."""

    code = "current_version"
    status = 409
    advice = "Make another version current first."


class VersionInUseError(PassbackError):
    """Learners have begun this version; what they did would be lost with it."""

    code = "version_in_use"
    status = 409
    advice = "Keep it. New attempts take the current version only."


class FileMissingError(NotFoundError):
    """The course has no file of this name."""

    code = "file_missing"
    side = Side.PACKAGE
    advice = "Its package does not hold the file; the course's author can add it and export the course again."


class CapabilityError(PassbackError):
    """This address of a course's file is not valid, or no longer."""

    code = "bad_capability"
    status = 403
    advice = "Open the course from your LMS again."


class ServiceWorkerRefusedError(PassbackError):
    """Course packages may not install service workers."""

    code = "service_worker_refused"
    status = 403
    side = Side.PACKAGE
    advice = "The course works without; nothing needs to be done."


class StorageError(PassbackError):
    """The storage for course files cannot be used."""

    code = "storage"
    status = 500
    side = Side.TOOL
    advice = "Check PASSBACK_STORAGE_URL, and that a plugin for its scheme is installed and enabled."


class SettingsRefusedError(PassbackError):
    """This course cannot be set so. `detail` names the setting."""

    code = "settings_refused"
    status = 422
    side = Side.REQUEST

    def __init__(self, name: str, *, advice: str) -> None:
        super().__init__(name, advice=f"“{name}”: {advice}")
