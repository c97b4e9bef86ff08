"""What differs between two versions of a course: activities that came, went, were renamed or moved. Pure functions."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from flask_babel import gettext as _

from passback.db import JsonObject
from passback.plugin import Activity, ContentChange


class ChangeKind(StrEnum):
    """What became of an activity, or of something the content type names."""

    ADDED = "added"
    GONE = "gone"
    RENAMED = "renamed"
    MOVED = "moved"
    IDENTIFIER = "identifier"
    START = "start"
    TRACKING = "tracking"
    CONTENT = "content"


@dataclass(frozen=True)
class Change:
    """One difference.

    Args:
        activity: its id in the newer version, in the older one where it is gone; "" for the course as a whole.
        title: likewise.
        what: with `CONTENT`: what differs, in the content type's words.
        before: the older version's title, place, identifier, start or value; `after` the newer one's.
    """

    kind: ChangeKind
    activity: str = ""
    title: str = ""
    what: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Side:
    """What is compared of a version. `identifier` is the package's own, "" where it says none."""

    title: str
    identifier: str
    activities: tuple[Activity, ...]


@dataclass(frozen=True)
class Comparison:
    """The differences from one version to another, by the newer one's order; what is gone comes last.

    Args:
        kept: how many activities are in both.
    """

    before: Side
    after: Side
    changes: tuple[Change, ...]
    kept: int

    @property
    def other_course(self) -> str:
        """Return why this looks like another course rather than another version; "" where it does not."""
        old, new = self.before.identifier, self.after.identifier
        if old and new and old != new:
            return str(_("The package calls itself “%(new)s”; until now it was “%(old)s”.", new=new, old=old))
        if self.kept or self.before.title == self.after.title or not (self.before.activities and self.after.activities):
            return ""
        return str(_("It has another title and none of the activities that there were."))

    def to_json(self) -> list[JsonObject]:
        """Return the changes as `--json` prints them, each with its sentence."""
        return [
            {**{key: str(value) for key, value in asdict(change).items() if value}, "text": describe(change)}
            for change in self.changes
        ]


def compare(before: Side, after: Side, content: Iterable[ContentChange] = ()) -> Comparison:
    """Compare two versions.

    Activities are the same by their id; those left over by title and start, where only one on each side has both (some
    authoring tools make new ids for each export).

    Args:
        content: what the content type says beyond.
    """
    old, new = list(_nodes(before.activities)), list(_nodes(after.activities))
    pairs = _pairs(old, new)
    moved = _moved(old, new, pairs)
    changes: list[Change] = []
    for index, node in enumerate(new):
        if index not in pairs:
            changes.append(Change(ChangeKind.ADDED, node.id, node.title, after=node.place))
            continue
        changes += _differences(old[pairs[index]], node)
        if index in moved:
            earlier = old[pairs[index]].place
            changes.append(Change(ChangeKind.MOVED, node.id, node.title, before=earlier, after=node.place))
    known = set(pairs.values())
    changes += [
        Change(ChangeKind.GONE, node.id, node.title, before=node.place)
        for index, node in enumerate(old)
        if index not in known
    ]
    titles = {node.id: node.title for node in (*old, *new)}
    changes += [
        Change(ChangeKind.CONTENT, one.activity, titles.get(one.activity, ""), one.what, one.before, one.after)
        for one in content
    ]
    return Comparison(before, after, tuple(changes), len(pairs))


def describe(change: Change) -> str:
    """Return a change as a sentence for people."""
    nothing = _("none")
    facts = {
        "title": change.title or change.activity,
        "before": change.before or nothing,
        "after": change.after or nothing,
        "what": f"{change.title or change.activity}: {change.what}" if change.activity else change.what,
    }
    return str(_sentences()[change.kind, _variant(change)] % facts)


def _variant(change: Change) -> bool:
    """Tell apart the two sentences of a kind: within something, only in the order, in no few words, results by now."""
    if change.kind in {ChangeKind.MOVED, ChangeKind.CONTENT}:
        return change.before == change.after
    return change.kind in {ChangeKind.ADDED, ChangeKind.TRACKING} and bool(change.after)


def _sentences() -> dict[tuple[ChangeKind, bool], str]:
    return {
        (ChangeKind.ADDED, True): _("New: “%(title)s”, in “%(after)s”."),
        (ChangeKind.ADDED, False): _("New: “%(title)s”."),
        (ChangeKind.GONE, False): _("Gone: “%(title)s”."),
        (ChangeKind.RENAMED, False): _("Renamed: “%(before)s” is now “%(after)s”."),
        (ChangeKind.MOVED, True): _("Moved: “%(title)s” has another place in the order."),
        (ChangeKind.MOVED, False): _("Moved: “%(title)s” is now part of: %(after)s; it was part of: %(before)s."),
        (ChangeKind.IDENTIFIER, False): _("New identifier: “%(title)s” is now %(after)s, not %(before)s."),
        (ChangeKind.START, False): _("Other start: “%(title)s” opens %(after)s; it was %(before)s."),
        (ChangeKind.TRACKING, True): _("“%(title)s” now reports results."),
        (ChangeKind.TRACKING, False): _("“%(title)s” reports no results any more."),
        (ChangeKind.CONTENT, True): _("%(what)s: changed."),
        (ChangeKind.CONTENT, False): _("%(what)s: %(after)s; it was %(before)s."),
    }


@dataclass(frozen=True)
class _Node:
    """An activity with where it stands. `parent` is the index of the node above, -1 for none."""

    id: str
    title: str
    href: str
    tracked: bool
    parent: int
    place: str


def _nodes(activities: Sequence[Activity]) -> Iterator[_Node]:
    """Yield every activity, those above before those below, without a recursion that a hostile depth could end."""
    waiting = [(activity, -1, "") for activity in reversed(activities)]
    index = 0
    while waiting:
        activity, parent, place = waiting.pop()
        yield _Node(activity.id, activity.title, activity.href, activity.tracked, parent, place)
        waiting += [(child, index, activity.title) for child in reversed(activity.children)]
        index += 1


def _pairs(old: Sequence[_Node], new: Sequence[_Node]) -> dict[int, int]:
    """Return new index → old index of what is in both."""
    ids = {key: index for index, key in enumerate(_numbered(node.id for node in old))}
    found = {index: ids[key] for index, key in enumerate(_numbered(node.id for node in new)) if key in ids}
    known = set(found.values())
    olds = _unique({index: (node.title, node.href) for index, node in enumerate(old) if index not in known})
    news = _unique({index: (node.title, node.href) for index, node in enumerate(new) if index not in found})
    return found | {index: olds[key] for key, index in news.items() if key in olds}


def _numbered(names: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Tell apart what has one name: two versions of a faulty course are compared as well."""
    seen: Counter[str] = Counter()
    for name in names:
        yield name, seen[name]
        seen[name] += 1


def _unique(named: Mapping[int, Hashable]) -> dict[Hashable, int]:
    counted = Counter(named.values())
    return {name: index for index, name in named.items() if counted[name] == 1}


def _differences(old: _Node, new: _Node) -> Iterator[Change]:
    if old.title != new.title:
        yield Change(ChangeKind.RENAMED, new.id, new.title, before=old.title, after=new.title)
    if old.id != new.id:
        yield Change(ChangeKind.IDENTIFIER, new.id, new.title, before=old.id, after=new.id)
    if old.href != new.href:
        yield Change(ChangeKind.START, new.id, new.title, before=old.href, after=new.href)
    if old.tracked != new.tracked:
        yield Change(ChangeKind.TRACKING, new.id, new.title, after="yes" if new.tracked else "")


def _moved(old: Sequence[_Node], new: Sequence[_Node], pairs: Mapping[int, int]) -> set[int]:
    """Return what stands below another activity than before, or among the same ones in another order.

    Of those that changed places among each other the fewest are named: the rest keeps its order.
    """
    moved: set[int] = set()
    siblings: dict[int, list[int]] = defaultdict(list)
    for index, node in enumerate(new):
        if index not in pairs:
            continue
        above = pairs.get(node.parent, -2) if node.parent >= 0 else -1
        if above == old[pairs[index]].parent:
            siblings[node.parent].append(index)
        else:
            moved.add(index)
    for indices in siblings.values():
        kept = _longest_rise([pairs[index] for index in indices])
        moved |= {index for index in indices if pairs[index] not in kept}
    return moved


def _longest_rise(numbers: Sequence[int]) -> set[int]:
    """Return a longest rising subsequence of different numbers (patience sorting)."""
    tails: list[int] = []
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for number in numbers:
        at = bisect_left(tails, number)
        before[number] = ends[at - 1] if at else None
        tails[at : at + 1] = [number]
        ends[at : at + 1] = [number]
    found: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        found.add(last)
        last = before[last]
    return found
