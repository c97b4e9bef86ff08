"""Which version of SCORM a manifest follows: namespaces first, then what it says of itself (`schemaversion`)."""

import re
from dataclasses import dataclass

from lxml.etree import _Element

from passback_scorm.findings import Findings
from passback_scorm.manifest.tree import child, local_name, namespaces, text_of

_EDITION = re.compile(r"(1st|2nd|3rd|4th)\s*ed", re.IGNORECASE)
_ONLY_2004 = frozenset({"sequencing", "sequencingcollection", "completionthreshold", "hidelmsui"})
_ONLY_4TH = frozenset(
    {"completedbymeasure", "minprogressmeasure", "progressweight", "readshareddata", "writeshareddata"}
    | {"readrawscore", "writerawscore", "readcompletionstatus", "writecompletionstatus", "writeprogressmeasure"}
)


@dataclass(frozen=True)
class Version:
    """A version of SCORM. `generation`: `1.2`, `2004` or "" (a plain IMS package); `edition`: `3rd Edition` or ""."""

    generation: str
    edition: str = ""

    @property
    def label(self) -> str:
        """Return its name."""
        return " ".join(part for part in ("SCORM", self.generation or "1.2", self.edition) if part)

    @property
    def key(self) -> str:
        """Return `1.2`, `2004-2`, `2004-3` or `2004-4`: what run time and sequencing go by.

        A 2004 manifest that names no edition is played as 3rd Edition, the one that most tools export.
        """
        return f"2004-{self.edition[:1] or 3}" if self.is_2004 else "1.2"

    @property
    def is_2004(self) -> bool:
        """Say whether it has sequencing and the second run-time API."""
        return self.generation == "2004"


def read_version(root: _Element, found: Findings | None = None) -> Version:
    """Return the version; a package that does not say is taken for 1.2, which asks least of a player."""
    used = " ".join(sorted(namespaces(root)))
    said = text_of(child(root, "metadata"), "schemaversion")
    if any(mark in used for mark in ("adlcp_v1p", "adlseq_v1p", "adlnav_v1p", "/imsss")):
        version = Version("2004", _edition(said, root))
        if found and said.startswith("1.2"):
            _contradiction(version, root, said, found)
    elif "adlcp_rootv1p2" in used:
        version = Version("1.2")
        if found and ("2004" in said or "1.3" in said):
            _contradiction(version, root, said, found)
    elif "2004" in said or "1.3" in said:
        version = Version("2004", _edition(said, root))
    elif said.startswith("1.2") or "adlcp" in used:
        version = Version("1.2")
    else:
        has = any(local_name(element.tag) in _ONLY_2004 for element in root.iter())
        version = Version("2004", _edition(said, root)) if has else Version("")
    return version


def is_cartridge(root: _Element) -> bool:
    """Say whether it is an IMS Common Cartridge, which has the same file name and nothing to play here."""
    return any("imscc" in namespace or "common-cartridge" in namespace for namespace in namespaces(root))


def _edition(said: str, root: _Element) -> str:
    match = _EDITION.search(said)
    if match:
        return "2nd Edition" if match[1] == "1st" else f"{match[1].lower()} Edition"
    # "CAM 1.3" is what 2nd Edition manifests say (SCORM 2004 2nd Edition CAM, section 3.4.1).
    if "1.3" in said:
        return "2nd Edition"
    return "4th Edition" if _uses_4th(root) else ""


def _uses_4th(root: _Element) -> bool:
    return any(local_name(name) in _ONLY_4TH for element in root.iter() for name in element.attrib)


def _contradiction(version: Version, root: _Element, said: str, found: Findings) -> None:
    message = f"The manifest says it is SCORM {said} and is written as {version.label}; it is played as that."
    found.add("other_version", message, said, at=child(child(root, "metadata"), "schemaversion"))
