"""What a manifest says, put right and free of XML."""

from dataclasses import dataclass, field

from passback.plugin import PackageWarning
from passback_scorm.manifest.editions import Version
from passback_scorm.unit import Unit


@dataclass(frozen=True)
class Item:
    """A node of the organisation. `unit` is None for a chapter."""

    id: str
    title: str
    visible: bool = True
    unit: Unit | None = None
    children: tuple["Item", ...] = ()

    def units(self) -> tuple[Unit, ...]:
        """Return what can be launched here and below, in order."""
        own = (self.unit,) if self.unit else ()
        return own + tuple(unit for child in self.children for unit in child.units())


@dataclass(frozen=True)
class Manifest:
    """A package's manifest. `path` is the file; `organization` the identifier of the organisation that was chosen."""

    path: str
    version: Version
    title: str
    organization: str = ""
    items: tuple[Item, ...] = ()
    language: str = ""
    description: str = ""
    warnings: tuple[PackageWarning, ...] = ()

    def units(self) -> tuple[Unit, ...]:
        """Return everything that can be launched, in order."""
        return tuple(unit for item in self.items for unit in item.units())


@dataclass
class Findings:
    """The warnings of one reading."""

    warnings: list[PackageWarning] = field(default_factory=list)

    def add(self, code: str, message: str, evidence: str = "", advice: str = "") -> None:
        """Note something that was put right or left out, in plain words."""
        self.warnings.append(PackageWarning(code, message, evidence, advice))
