"""From a package to a course: what is claimed, what is played, what is refused and why."""

from urllib.parse import unquote

from passback.plugin import Activity, Detection, ImportedContent, JsonObject, PackageError, PackageReader
from passback_scorm.manifest.editions import is_cartridge
from passback_scorm.manifest.model import Item, Manifest
from passback_scorm.manifest.reading import find_manifest, read_manifest
from passback_scorm.manifest.references import is_external, split_suffix
from passback_scorm.scan import sets_a_score
from passback_scorm.unit import Unit

SUPPORTED = "This version plays SCORM 1.2 courses with one unit."


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


def import_course(package: PackageReader) -> ImportedContent:
    """Return the course.

    Raises:
        PackageError: there is nothing to launch, or it needs what is not supported: SCORM 2004, several units.
    """
    manifest = read_manifest(package)
    unit = _playable(manifest)
    _check_start(package, unit)
    data: JsonObject = {
        "version": manifest.version.generation or "1.2",
        "manifest": manifest.path,
        "organization": manifest.organization,
        "units": [unit.model_dump(mode="json")],
    }
    activities = tuple(_activity(item) for item in manifest.items)
    return ImportedContent(
        manifest.title,
        activities,
        data,
        manifest.language,
        manifest.description,
        manifest.warnings,
        reports_score=sets_a_score(package),
    )


def _playable(manifest: Manifest) -> Unit:
    units = manifest.units()
    if manifest.version.generation == "2004":
        raise PackageError(
            "scorm_2004",
            f"This is a {manifest.version.label} course. {SUPPORTED}",
            "Export the course as SCORM 1.2 if your authoring tool offers it.",
        )
    if not units:
        raise PackageError(
            "nothing_to_launch",
            "The manifest names nothing that could be opened.",
            "Check in your authoring tool that the course has a start page, and export it again.",
        )
    if len(units) > 1:
        raise PackageError(
            "several_units",
            f"This is a {manifest.version.label} course with {len(units)} units. {SUPPORTED}",
            "Export each unit as a course of its own.",
        )
    return units[0]


def _check_start(package: PackageReader, unit: Unit) -> None:
    if is_external(unit.href):
        raise PackageError(
            "starts_elsewhere",
            f"The course starts at {unit.href}, outside of the package, where no result can be recorded.",
            "Export the course with its content instead of a link to it.",
        )
    path = unquote(split_suffix(unit.href)[0])
    if package.find(path) is None:
        raise PackageError(
            "launch_file_missing",
            f"The course starts with “{path}”, which is not in the package.",
            "Export the course again, with all its files.",
        )


def _activity(item: Item) -> Activity:
    unit = item.unit
    below = tuple(_activity(child) for child in item.children)
    return Activity(item.id, item.title, unit.href if unit else "", bool(unit and not unit.is_asset), below)


def _counted(manifest: Manifest) -> str:
    units = manifest.units()
    scos = sum(not unit.is_asset for unit in units)
    word, number = ("SCO", scos) if scos or not units else ("page", len(units))
    return f"{number} {word}{'' if number == 1 else 's'}"
