"""Which version of SCORM a manifest follows: namespaces first, then what it says of itself (`schemaversion`)."""

import re
from dataclasses import dataclass

from lxml.etree import _Element

from passback_scorm.manifest.tree import child, namespaces, text_of

_EDITION = re.compile(r"(2nd|3rd|4th)\s+edition", re.IGNORECASE)


@dataclass(frozen=True)
class Version:
    """A version of SCORM. `generation`: `1.2`, `2004` or "" (a plain IMS package); `edition`: `3rd Edition` or ""."""

    generation: str
    edition: str = ""

    @property
    def label(self) -> str:
        """Return its name."""
        return " ".join(part for part in ("SCORM", self.generation or "1.2", self.edition) if part)


def read_version(root: _Element) -> Version:
    """Return the version; a package that does not say is taken for 1.2, which asks least of a player."""
    used = " ".join(sorted(namespaces(root)))
    said = text_of(child(root, "metadata"), "schemaversion")
    if "adlcp_v1p3" in used or "adlseq_v1p3" in used or "/imsss" in used:
        return Version("2004", _edition(said))
    if "adlcp_rootv1p2" in used:
        return Version("1.2")
    if "2004" in said or "1.3" in said:
        return Version("2004", _edition(said))
    return Version("1.2" if said.startswith("1.2") or "adlcp" in used else "")


def is_cartridge(root: _Element) -> bool:
    """Say whether it is an IMS Common Cartridge, which has the same file name and nothing to play here."""
    return any("imscc" in namespace or "common-cartridge" in namespace for namespace in namespaces(root))


def _edition(said: str) -> str:
    match = _EDITION.search(said)
    if match:
        return f"{match[1].lower()} Edition"
    # "CAM 1.3" is what 2nd Edition manifests say (SCORM 2004 2nd Edition CAM, section 3.4.1).
    return "2nd Edition" if "1.3" in said else ""
