"""Makes manifests of SCORM 2004, sound but for what a test puts in, and reads them."""

from collections.abc import Mapping

from passback.plugin import PackageWarning
from passback.testing.packages import make_zip
from passback.testing.readers import open_package
from passback_scorm.manifest.model import Item, Manifest
from passback_scorm.manifest.reading import read_manifest
from passback_scorm.sequencing.definition import SequencingDefinition

HEAD = (
    '<manifest identifier="m" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" '
    'xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3" xmlns:imsss="http://www.imsglobal.org/xsd/imsss" '
    'xmlns:adlseq="http://www.adlnet.org/xsd/adlseq_v1p3" xmlns:adlnav="http://www.adlnet.org/xsd/adlnav_v1p3">\n'
)
SAID = "<metadata><schemaversion>{}</schemaversion></metadata>"
LEAF = '<item identifier="{id}" identifierref="r"><title>{id}</title>{inside}</item>\n'
SCO = '<resource identifier="{id}" adlcp:scormType="sco" href="{href}"/>\n'
RESOURCE = SCO.format(id="r", href="index.html")
PAGES = {"index.html": "<h1>Hello</h1>"}


INNER = """<manifest identifier="inner" xml:base="part/"><organizations><organization identifier="o2">
<title>Part</title>{items}</organization></organizations><resources>{resources}</resources></manifest>"""
STANDS_FOR = '<item identifier="part" identifierref="inner"><title>Part</title></item>'
SKIP = (
    "<imsss:sequencingRules><imsss:preConditionRule><imsss:ruleConditions>{conditions}</imsss:ruleConditions>"
    "<imsss:ruleAction action='{action}'/></imsss:preConditionRule></imsss:sequencingRules>"
)
ROLLUP = (
    "<imsss:rollupRules><imsss:rollupRule {attributes}><imsss:rollupConditions><imsss:rollupCondition "
    "condition='{condition}'/></imsss:rollupConditions><imsss:rollupAction action='completed'/></imsss:rollupRule>"
    "</imsss:rollupRules>"
)


def leaf(name: str, inside: str = "") -> str:
    """Return an item that opens the page."""
    return LEAF.format(id=name, inside=inside)


def sequencing(inside: str = "", attributes: str = "") -> str:
    """Return a `sequencing`."""
    return f"<imsss:sequencing {attributes}>{inside}</imsss:sequencing>"


def manifest(
    items: str = "",
    *,
    said: str = "2004 4th Edition",
    organizations: str = "",
    resources: str = RESOURCE,
    after: str = "",
    before: str = "",
) -> str:
    """Return a manifest with one organisation and one resource, with parts of it replaced."""
    whole = (
        organizations
        or f"<organizations default='o'><organization identifier='o'><title>C</title>\n{items or leaf('i')}"
        "</organization></organizations>\n"
    )
    about = SAID.format(said) if said else ""
    return f"{HEAD}{about}{before}{whole}<resources>{resources}</resources>{after}</manifest>"


def read(xml: str, files: Mapping[str, str | bytes] | None = None) -> Manifest:
    """Read a manifest in a package with one page and `files`."""
    return read_manifest(open_package(make_zip({"imsmanifest.xml": xml, **PAGES, **(files or {})})))


def codes(found: Manifest) -> list[str]:
    """Return the code of everything that was found."""
    return [finding.code for finding in found.findings]


def told(found: Manifest, code: str) -> PackageWarning:
    """Return the one finding with a code."""
    [finding] = [one for one in found.findings if one.code == code]
    assert finding.message.endswith(".")
    assert finding.severity in {"note", "warning", "problem"}
    return finding


def items(found: Manifest) -> dict[str, Item]:
    """Return every item by its identifier."""
    return {item.id: item for item in found.organization.everything()}


def defined(inside: str, **parts: str) -> tuple[SequencingDefinition, Manifest]:
    """Return what an item's `sequencing` was read as."""
    found = read(manifest(leaf("i", sequencing(inside)), **parts))
    return items(found)["i"].sequencing, found
