"""From a package to a course: what is claimed, what is played, what is refused and why."""

from collections.abc import Iterator
from hashlib import sha256
from json import dumps

from passback.plugin import (
    Activity,
    Detection,
    ImportedContent,
    JsonObject,
    PackageError,
    PackageReader,
    PackageWarning,
)
from passback_scorm.health.check import examine
from passback_scorm.manifest.editions import is_cartridge
from passback_scorm.manifest.model import Item, Manifest
from passback_scorm.manifest.reading import find_manifest, read_manifest
from passback_scorm.manifest.references import is_external
from passback_scorm.sequenced.course import summary
from passback_scorm.several.plan import troubles
from passback_scorm.unit import Unit


def detect(package: PackageReader) -> Detection | None:
    """Say what kind of SCORM course a package is; None where it is none."""
    path = find_manifest(package)
    if path is None:
        return None
    try:
        if is_cartridge(package.xml(path).root):
            return None
        manifest = read_manifest(package)
    except PackageError as error:
        return Detection(50, "SCORM course with an unreadable manifest", f"{path}: {error.message}")
    if not manifest.version.generation:
        return Detection(50, f"IMS content package, {_counted(manifest)}", path)
    return Detection(90, f"{manifest.version.label} course, {_counted(manifest)}", path)


PICTURES = (
    "story_content/thumbnail.jpg",  # Storyline writes it
    *(f"{name}.{kind}" for name in ("thumbnail", "cover") for kind in ("png", "jpg", "jpeg")),
)
"""Where the course's picture is looked for: manifests know no such thing."""


def import_course(package: PackageReader) -> ImportedContent:
    """Return the course.

    Raises:
        PackageError: there is nothing to open.
    """
    manifest = read_manifest(package)
    _check_start(manifest)
    health = examine(package, manifest)
    return ImportedContent(
        manifest.title,
        tuple(_activity(item) for item in manifest.organization.items),
        course_data(manifest),
        manifest.language or health.language,
        manifest.description,
        (*manifest.findings, *_unkept(manifest), *health.findings),
        reports_score=health.reports_score,
        identifier=manifest.identifier,
        picture=next((path for name in PICTURES if (path := package.find(name))), ""),
    )


def course_data(manifest: Manifest) -> JsonObject:
    """Return what is kept of a course: its edition and its table of contents (`Organization.to_json`).

    `digest` is the organization's, so that what is worked out of it can be kept. `units` is what the run time of one
    SCO reads, and says whether SCORM 1.2 has several.
    """
    organization = manifest.organization.to_json()
    return {
        "digest": sha256(dumps(organization, sort_keys=True).encode()).hexdigest()[:32],
        "edition": manifest.version.key,
        "manifest": manifest.path,
        "organization": organization,
        **(summary(organization) if manifest.version.is_2004 else {}),
        "units": [_unit(item).model_dump(mode="json") for item in _of_run_time(manifest)],
    }


def _of_run_time(manifest: Manifest) -> tuple[Item, ...]:
    return manifest.units()[:1] if manifest.version.is_2004 else manifest.units()


def _unkept(manifest: Manifest) -> Iterator[PackageWarning]:
    """Yield a warning for prerequisites that cannot be kept; what they stand at can be opened at any time."""
    if manifest.version.is_2004 or len(manifest.units()) < 2:  # one unit waits for nothing
        return
    items = {item.id: item for item in manifest.organization.everything()}
    for name, why in troubles({name: item.properties.prerequisites for name, item in items.items()}):
        item = items[name]
        yield PackageWarning(
            "odd_prerequisites",
            f"“{item.title}” has prerequisites that cannot be read ({why}); it can be opened at any time.",
            item.properties.prerequisites[:200],
            "Check in your authoring tool what has to be completed before it.",
        )


def _check_start(manifest: Manifest) -> None:
    """Refuse a course that has nothing to open, saying why."""
    units = manifest.units()
    elsewhere = [unit for unit in units if is_external(unit.href)]
    missing = next((item.wanted for item in manifest.organization.everything() if item.wanted), "")
    if units and len(elsewhere) == len(units):
        raise PackageError(
            "starts_elsewhere",
            f"The course starts at {elsewhere[0].href}, outside of the package, where no result can be recorded.",
            "Export the course with its content instead of a link to it.",
        )
    if not units and missing:
        raise PackageError(
            "launch_file_missing",
            f"The course starts with “{missing}”, which is not in the package.",
            "Export the course again, with all its files.",
        )
    if not units:
        raise PackageError(
            "nothing_to_launch",
            "The manifest names nothing that could be opened.",
            "Check in your authoring tool that the course has a start page, and export it again.",
        )


def _unit(item: Item) -> Unit:
    properties = item.properties
    return Unit(
        id=item.id,
        title=item.title,
        href=item.href,
        scorm_type=item.kind,
        visible=item.visible,
        prerequisites=properties.prerequisites,
        mastery_score=properties.mastery_score,
        max_time_allowed=properties.max_time_allowed,
        time_limit_action=properties.time_limit_action,
        data_from_lms=properties.data_from_lms,
    )


def _activity(item: Item) -> Activity:
    below = tuple(_activity(child) for child in item.children)
    return Activity(item.id, item.title, item.href, item.kind == "sco", below)


def _counted(manifest: Manifest) -> str:
    units = manifest.units()
    scos = sum(unit.kind == "sco" for unit in units)
    word, number = ("SCO", scos) if scos or not units else ("page", len(units))
    return f"{number} {word}{'' if number == 1 else 's'}"
