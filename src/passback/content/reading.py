"""Reads an uploaded package: which content type it belongs to and what that makes of it. Nothing is kept yet."""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import IO, cast
from uuid import UUID

import structlog

from passback.content.errors import ImportFaultError, PackageRefusedError
from passback.content.kinds import content_types_on
from passback.content.models import Course
from passback.content.package import ZipPackage
from passback.content.pictures import picture_json
from passback.db import JsonObject
from passback.plugin import ContentType, Detection, ImportContext, ImportedContent, PackageError, PackageWarning
from passback.runtime import runtime
from passback.settings import MEBIBYTE

log = structlog.get_logger(__name__)

_TITLE_LENGTH = 500
_IDENTIFIER_LENGTH = 1000


@dataclass(frozen=True)
class Incoming:
    """A package as its content type understood it.

    Args:
        package: open; its `name` is what the uploader called it, without folders.
        digest: SHA-256 of its bytes.
    """

    package: ZipPackage
    digest: str
    kind: ContentType
    detection: Detection
    content: ImportedContent
    warnings: tuple[PackageWarning, ...]

    def content_json(self) -> JsonObject:
        """Return what is kept of the content."""
        content = self.content
        return {
            "data": content.data,
            "activities": [cast("JsonObject", asdict(activity)) for activity in content.activities],
            "title": content.title,
            "identifier": content.identifier,
            "language": content.language,
            "description": content.description,
            "label": self.detection.label,
            **picture_json(self.package, content.picture),
        }


@contextmanager
def receive(tenant_id: UUID, file: IO[bytes], filename: str, target: Course | None) -> Iterator[Incoming]:
    """Read a package; inside the block its files can be read.

    Args:
        file: the package; read in pieces, never whole into memory.
        filename: what the uploader called it.
        target: the course that it is to be a version of.

    Raises:
        PackageRefusedError: the package cannot be used; its message says why. Also for what the block finds.
        ImportFaultError: a content type failed.
    """
    name = plain(filename.replace("\\", "/").rsplit("/", 1)[-1]) or "package.zip"
    limits = runtime().settings.packages
    try:
        with _seekable(file, limits.max_bytes) as (seekable, digest):
            yield _read(tenant_id, ZipPackage(seekable, name, limits), digest, target)
    except PackageError as error:
        log.info("content.package_refused", tenant=str(tenant_id), code=error.code)
        raise PackageRefusedError(error) from error


def plain(text: str) -> str:
    """Return `text` without what a database or a terminal chokes on: control characters, lone surrogates."""
    text = text.encode("utf-8", "replace").decode()
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


@contextmanager
def _seekable(file: IO[bytes], max_bytes: int) -> Iterator[tuple[IO[bytes], str]]:
    """Yield the file, copied to disk where it cannot be read twice, and its SHA-256."""
    digest = hashlib.sha256()
    total = 0
    with tempfile.TemporaryFile() as copy:
        keeps = not file.seekable()
        if not keeps:
            file.seek(0)
        while chunk := file.read(MEBIBYTE):
            total += len(chunk)
            if total > max_bytes:
                message = f"The package has more than {max_bytes // MEBIBYTE:,} MiB."
                raise PackageError("too_large", message, "Make the course smaller, or ask for a higher limit.")
            digest.update(chunk)
            if keeps:
                copy.write(chunk)
        yield (cast("IO[bytes]", copy) if keeps else file), digest.hexdigest()


def _read(tenant_id: UUID, package: ZipPackage, digest: str, target: Course | None) -> Incoming:
    """Ask every content type that is on for the tenant; have the surest one read the package."""
    detection, kind = _choose(package, content_types_on(tenant_id))
    if target is not None and target.content_type != kind.key:
        message = f"This is a package of the kind “{detection.label}”, and the course is of another kind."
        raise PackageError("other_kind", message, "Import it as a new course.")
    settings = kind.settings.model_validate(target.settings if target else {})
    try:
        content = kind.import_package(package, ImportContext(settings))
    except PackageError:
        raise
    except Exception as error:  # a plugin met what its author did not think of: say so, keep the page standing
        log.exception("content.import_fault", content_type=kind.key)
        raise ImportFaultError(f"{kind.key}: {type(error).__name__}") from error
    title = plain(content.title)[:_TITLE_LENGTH] or plain(package.name.rsplit(".", 1)[0])
    identifier = plain(content.identifier)[:_IDENTIFIER_LENGTH]
    warnings = tuple(dict.fromkeys((*package.warnings, *content.warnings)))
    content = replace(content, title=title, identifier=identifier)
    return Incoming(package, digest, kind, detection, content, warnings)


def _choose(package: ZipPackage, kinds: Sequence[ContentType]) -> tuple[Detection, ContentType]:
    claims = [(claim, kind) for kind in kinds if (claim := _detect(kind, package))]
    if not claims:
        labels = ", ".join(sorted(kind.label for kind in kinds)) or "nothing, as no content type is installed and on"
        message = f"This ZIP file is not a course that Passback can import. It can import: {labels}."
        raise PackageError("not_a_course", message, "Export the course in one of these formats, as a ZIP file.")
    return max(claims, key=lambda claim: claim[0].confidence)


def _detect(kind: ContentType, package: ZipPackage) -> Detection | None:
    try:
        return kind.detect(package)
    except Exception as error:  # one content type's fault must not keep another from its package
        if not isinstance(error, PackageError):
            log.exception("content.detect_fault", content_type=kind.key)
        return None
