"""Placed links: add, change, copy, delete; each graded one brings a column."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from passback.sandbox.core import Core
from passback.sandbox.model import Course, LineItem, Link, Role, State

DEFAULT_POINTS = 100.0


@dataclass(frozen=True)
class Column:
    """The column that a link is to have."""

    score_maximum: float = DEFAULT_POINTS
    resource_id: str = ""
    tag: str = ""
    review: bool = False


@dataclass
class Links:
    """The resource links of all courses."""

    core: Core

    def add(
        self,
        course_id: str,
        tool_id: str,
        title: str,
        *,
        url: str = "",
        description: str = "",
        custom: Mapping[str, str] | None = None,
        container: str = "iframe",
        dates: Mapping[str, str] | None = None,
        thumbnail: str = "",
        width: int = 0,
        height: int = 0,
        deployment_id: str = "",
        column: Column | None = None,
    ) -> Link:
        """Place a link and return it.

        Args:
            url: "" launches the tool's own target.
            container: iframe or window.
            dates: ISO 8601 by variable, such as "submission.endDateTime".
            deployment_id: "" is the tool's first.
            column: None makes an ungraded link.

        Raises:
            KeyError: there is no such course or tool.
        """
        with self.core.change() as state:
            tool = state.tools[tool_id]
            link = Link(
                id=self.core.new_id(),
                course_id=state.courses[course_id].id,
                tool_id=tool.id,
                deployment_id=deployment_id or tool.deployments[0],
                title=title,
                description=description,
                url=url,
                custom=dict(custom or {}),
                container=container,
                dates=dict(dates or {}),
                thumbnail=thumbnail,
                width=width,
                height=height,
            )
            state.links[link.id] = link
            if column is not None:
                self._add_column(state, link, column)
        return link

    def change(self, link_id: str, **changes: object) -> Link:
        """Change a link's fields; its column is named like the link and follows its title."""
        with self.core.change() as state:
            link = state.links[link_id] = replace(state.links[link_id], **changes)  # type: ignore[arg-type]
            for item in self._own(state, link_id):
                item.label = link.title
            return link

    def set_column(self, link_id: str, column: Column | None) -> None:
        """Give the link this column, change the one it has (grades are rescaled), or take it away."""
        with self.core.change() as state:
            own = self._own(state, link_id)
            if column is None:
                for item in own:
                    drop_line_item(state, item.id)
            elif own:
                rescale(state, own[0], column.score_maximum)
                own[0].resource_id, own[0].tag, own[0].review = column.resource_id, column.tag, column.review
            else:
                self._add_column(state, state.links[link_id], column)

    def duplicate(self, link_id: str) -> Link:
        """Copy a link: new resource link id, same custom parameters, own column with the same resourceId and tag."""
        with self.core.change() as state:
            original = state.links[link_id]
            copy = replace(
                original,
                id=self.core.new_id(),
                title=f"{original.title} (copy)",
                custom=dict(original.custom),
                copied_from=[original.id, *original.copied_from],
            )
            state.links[copy.id] = copy
            for item in self._own(state, link_id):
                self._add_column(state, copy, Column(item.score_maximum, item.resource_id, item.tag, item.review))
        return copy

    def copy_course(self, course_id: str, title: str) -> Course:
        """Copy a course with its staff, links and columns for the next term: nobody learns in it yet, no grade comes.

        Raises:
            KeyError: there is no such course.
        """
        with self.core.change() as state:
            original = state.courses[course_id]
            staff: dict[str, Role] = {one: role for one, role in original.members.items() if role is not Role.LEARNER}
            new_id = self.core.new_id()
            course = state.courses[new_id] = Course(
                new_id, f"C{new_id}", title, members=staff, copied_from=[original.id, *original.copied_from]
            )
            for link in [one for one in state.links.values() if one.course_id == course_id]:
                copy = replace(
                    link,
                    id=self.core.new_id(),
                    course_id=course.id,
                    custom=dict(link.custom),
                    copied_from=[link.id, *link.copied_from],
                )
                state.links[copy.id] = copy
                for item in self._own(state, link.id):
                    self._add_column(state, copy, Column(item.score_maximum, item.resource_id, item.tag, item.review))
        return course

    def remove(self, link_id: str) -> None:
        """Delete a link with its column and the grades in it."""
        with self.core.change() as state:
            for item in self._own(state, link_id):
                drop_line_item(state, item.id)
            del state.links[link_id]

    def get(self, link_id: str) -> Link | None:
        """Return a link by its resource link id."""
        with self.core.read() as state:
            return state.links.get(link_id)

    def of_course(self, course_id: str) -> list[Link]:
        """Return a course's links in the order they were placed."""
        with self.core.read() as state:
            return [link for link in state.links.values() if link.course_id == course_id]

    def column(self, link_id: str) -> LineItem | None:
        """Return the column that came with the link."""
        with self.core.read() as state:
            return next(iter(self._own(state, link_id)), None)

    def _own(self, state: State, link_id: str) -> list[LineItem]:
        return [item for item in state.line_items.values() if item.own and item.link_id == link_id]

    def _add_column(self, state: State, link: Link, column: Column) -> None:
        item = LineItem(
            id=self.core.new_id(),
            course_id=link.course_id,
            label=link.title,
            score_maximum=column.score_maximum,
            tool_id=link.tool_id,
            link_id=link.id,
            resource_id=column.resource_id,
            tag=column.tag,
            own=True,
            review=column.review,
        )
        state.line_items[item.id] = item


def drop_line_item(state: State, line_item_id: str) -> None:
    """Remove a column and the grades in it."""
    del state.line_items[line_item_id]
    state.results = [result for result in state.results if result.line_item_id != line_item_id]


def rescale(state: State, item: LineItem, score_maximum: float) -> None:
    """Change a column's maximum; grades keep their share of it, as in Moodle."""
    if item.score_maximum and score_maximum != item.score_maximum:
        for result in state.results:
            if result.line_item_id == item.id and result.score is not None:
                result.score = result.score * score_maximum / item.score_maximum
    item.score_maximum = score_maximum
