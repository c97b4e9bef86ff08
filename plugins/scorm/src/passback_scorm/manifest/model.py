"""What a manifest says, put right and free of XML."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from passback.plugin import JsonObject, PackageWarning
from passback_scorm.manifest.editions import Version
from passback_scorm.sequencing.definition import SequencingDefinition, to_json


@dataclass(frozen=True)
class SharedData:
    """A store that the activity shares with others (`adlcp:map`, 4th edition)."""

    target: str
    read: bool = True
    write: bool = True


@dataclass(frozen=True)
class Properties:
    """What the item says to the run time.

    Args:
        prerequisites: an AICC script; mastery_score: 0..100 (both 1.2).
        max_time_allowed: 1.2's CMITimespan or 2004's ISO 8601 duration.
        completion_threshold: 0..1, where progress decides about completion (2004).
        hide_lms_ui: which of the player's buttons the content replaces.
    """

    prerequisites: str = ""
    mastery_score: float | None = None
    max_time_allowed: str = ""
    time_limit_action: str = ""
    data_from_lms: str = ""
    completion_threshold: float | None = None
    hide_lms_ui: tuple[str, ...] = ()
    shared_data: tuple[SharedData, ...] = ()

    def to_json(self) -> JsonObject:
        """Return what is not the default."""
        whole: JsonObject = {
            "prerequisites": self.prerequisites,
            "mastery_score": self.mastery_score,
            "max_time_allowed": self.max_time_allowed,
            "time_limit_action": self.time_limit_action,
            "data_from_lms": self.data_from_lms,
            "completion_threshold": self.completion_threshold,
            "hide_lms_ui": list(self.hide_lms_ui),
            "shared_data": [{"target": one.target, "read": one.read, "write": one.write} for one in self.shared_data],
        }
        return {name: value for name, value in whole.items() if value not in ("", None, [])}


@dataclass(frozen=True)
class Item:
    """A node of the organisation: a leaf that can be opened, a chapter, or a mere heading.

    Args:
        kind: `sco`, `asset` or "" for what cannot be opened.
        href: path in the package with query and fragment, percent-encoded; a whole URL for an asset elsewhere.
        wanted: the path that the manifest named, where the package does not have it.
    """

    id: str
    title: str
    visible: bool = True
    kind: str = ""
    href: str = ""
    wanted: str = ""
    properties: Properties = field(default_factory=Properties)
    sequencing: SequencingDefinition = field(default_factory=SequencingDefinition)
    children: tuple["Item", ...] = ()

    def units(self) -> Iterator["Item"]:
        """Yield what can be opened here and below, in order."""
        if self.kind:
            yield self
        for child in self.children:
            yield from child.units()

    def to_json(self) -> JsonObject:
        """Return a node of the course data: id, title, visible, kind, href, children and what is not the default."""
        sequencing = to_json(self.sequencing)
        return {
            "id": self.id,
            "title": self.title,
            "visible": self.visible,
            "kind": self.kind,
            "href": self.href,
            **self.properties.to_json(),
            **({"sequencing": sequencing} if sequencing else {}),
            "children": [child.to_json() for child in self.children],
        }


@dataclass(frozen=True)
class Organization:
    """The table of contents that is played, the root of the activity tree.

    Args:
        objectives_global_to_system: shared objectives last beyond the course (2004).
        shared_data_global_to_system: so do shared data (4th edition).
    """

    id: str
    title: str
    items: tuple[Item, ...] = ()
    sequencing: SequencingDefinition = field(default_factory=SequencingDefinition)
    properties: Properties = field(default_factory=Properties)
    objectives_global_to_system: bool = True
    shared_data_global_to_system: bool = True

    def units(self) -> Iterator[Item]:
        """Yield everything that can be opened, in order."""
        for item in self.items:
            yield from item.units()

    def everything(self) -> Iterator[Item]:
        """Yield every item, in order."""
        waiting = list(reversed(self.items))
        while waiting:
            item = waiting.pop()
            yield item
            waiting += reversed(item.children)

    def to_json(self) -> JsonObject:
        """Return the `organization` of the course data."""
        sequencing = to_json(self.sequencing)
        return {
            "id": self.id,
            "title": self.title,
            "objectives_global_to_system": self.objectives_global_to_system,
            "shared_data_global_to_system": self.shared_data_global_to_system,
            **self.properties.to_json(),
            **({"sequencing": sequencing} if sequencing else {}),
            "items": [item.to_json() for item in self.items],
        }


@dataclass(frozen=True)
class Manifest:
    """A package's manifest. `path` is the file, `declared` the files that it lists and the package has.

    `identifier` is the manifest's own; authoring tools keep it from one export of a course to the next, or should.
    """

    path: str
    version: Version
    title: str
    organization: Organization
    language: str = ""
    description: str = ""
    declared: frozenset[str] = frozenset()
    findings: tuple[PackageWarning, ...] = ()
    identifier: str = ""

    def units(self) -> tuple[Item, ...]:
        """Return everything that can be opened, in order."""
        return tuple(self.organization.units())
