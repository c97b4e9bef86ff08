"""Title, description and language from a package's metadata (LOM, in either of its bindings)."""

from dataclasses import dataclass

from lxml.etree import _Element

from passback.plugin import PackageError, PackageReader
from passback_scorm.findings import Findings
from passback_scorm.manifest.references import resolve
from passback_scorm.manifest.tree import attribute, child, children, local_name, text_of

_LANGUAGE = ("", "x-none", "none", "und")


@dataclass(frozen=True)
class Metadata:
    """What is said of the whole package."""

    title: str = ""
    description: str = ""
    language: str = ""


def read_metadata(package: PackageReader, folder: str, root: _Element, found: Findings) -> Metadata:
    """Return what the metadata in the manifest says, or the file that it names (`adlcp:location`)."""
    section = child(root, "metadata")
    if section is None:
        return Metadata()
    general = _general(section)
    if general is None:
        general = _elsewhere(package, folder, section, found)
    if general is None:
        return Metadata()
    language = text_of(general, "language")
    if language.lower() in _LANGUAGE:
        language = ""
    return Metadata(
        _text(child(general, "title"), language)[:255],
        _text(child(general, "description"), language)[:4000],
        language[:35],
    )


def _general(section: _Element) -> _Element | None:
    return next((one for one in section.iter() if local_name(one.tag) == "general"), None)


def _elsewhere(package: PackageReader, folder: str, section: _Element, found: Findings) -> _Element | None:
    """Return the `general` of the first metadata file that can be read."""
    for location in children(section, "location"):
        path = resolve(package, (folder,), text_of(location)).path
        if not path:
            found.add(
                "missing_metadata", "The file with the course's description is missing.", text_of(location), at=location
            )
            continue
        try:
            return _general(package.xml(path).root)
        except PackageError as error:
            message = "The file with the course's description cannot be read."
            found.add("odd_metadata", message, f"{path}: {error.message}", at=location)
    return None


def _text(element: _Element | None, language: str) -> str:
    """Return a text that may come in several languages: in `language`, else the first."""
    if element is None:
        return ""
    texts = [one for one in element if local_name(one.tag) in {"langstring", "string"}]
    wanted = (
        one for one in texts if language and _language(one).partition("-")[0] == language.lower().partition("-")[0]
    )
    return text_of(next(wanted, texts[0] if texts else element))


def _language(element: _Element) -> str:
    return (attribute(element, "lang") or attribute(element, "language")).lower()
