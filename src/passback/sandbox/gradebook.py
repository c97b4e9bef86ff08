"""The gradebook: columns, scores from tools by the rules of each LMS, grades that a teacher enters by hand."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from passback.sandbox.core import Core
from passback.sandbox.links import drop_line_item, rescale
from passback.sandbox.model import LineItem, Result, Role, Shown, State
from passback.sandbox.profiles import TimestampRule
from passback.sandbox.scores import Score, ServiceRefusedError

DECIMALS = 5
MAX_LABEL = 255
KEEPS_TEACHERS = "prioritize_non_tool_grade"
"""Canvas's wish of a tool that a grade entered by hand stays."""


@dataclass
class Gradebook:
    """Line items and results. `score` is what the score service does."""

    core: Core

    def score(self, line_item_id: str, score: Score) -> None:
        """Take a score from a tool.

        Raises:
            ServiceRefusedError: the user is no learner here, the timestamp is too old, or the grade is locked.
        """
        with self.core.change() as state:
            item = state.line_items[line_item_id]
            profile = self.core.profile
            role = state.courses[item.course_id].members.get(score.user_id)
            if role is not Role.LEARNER:
                status = profile.staff_user if role is not None and profile.staff_user else profile.unknown_user
                raise ServiceRefusedError(status, profile.unknown_user_words)
            if profile.maximum_required and score.given is not None and not score.maximum:
                raise ServiceRefusedError(422, "scoreMaximum must be positive")
            result = _cell(state, line_item_id, score.user_id)
            self._refuse_old(result, score.timestamp)
            if result.locked:
                raise ServiceRefusedError(500, "Internal Server Error")
            if result.overridden and (profile.override_holds or score.extension.get(KEEPS_TEACHERS) is True):
                return
            result.overridden = False
            self._write(item, result, score)

    def override(self, line_item_id: str, user_id: str, score: float | None, comment: str = "") -> None:
        """Enter a grade by hand, in the column's points; where the LMS holds it, scores no longer change it."""
        with self.core.change() as state:
            item = state.line_items[line_item_id]
            result = _cell(state, line_item_id, user_id)
            result.overridden = True
            result.comment = comment
            self._show(result, None if score is None else self._clip(item, score))

    def release(self, line_item_id: str, user_id: str) -> None:
        """Let tools change a grade again that was entered by hand."""
        with self.core.change() as state:
            _cell(state, line_item_id, user_id).overridden = False

    def lock(self, line_item_id: str, user_id: str, *, locked: bool = True) -> None:
        """Lock a grade, so that scores fail with 500 as in Moodle, or unlock it."""
        with self.core.change() as state:
            _cell(state, line_item_id, user_id).locked = locked

    def result(self, line_item_id: str, user_id: str) -> Result | None:
        """Return one cell; None: nothing was ever written there."""
        with self.core.read() as state:
            return _find(state, line_item_id, user_id)

    def results(self, line_item_id: str, user_id: str = "") -> list[Result]:
        """Return the cells of a column that show a grade, in the order of the roster's ids."""
        with self.core.read() as state:
            found = [one for one in state.results if one.line_item_id == line_item_id and one.score is not None]
        wanted = [one for one in found if user_id in {"", one.user_id}]
        return sorted(wanted, key=lambda one: (len(one.user_id), one.user_id))

    def columns(
        self, course_id: str, *, tool_id: str = "", resource_id: str = "", tag: str = "", link_id: str = ""
    ) -> list[LineItem]:
        """Return a course's columns; "" filters nothing."""
        wanted = (("tool_id", tool_id), ("resource_id", resource_id), ("tag", tag), ("link_id", link_id))
        with self.core.read() as state:
            items = [item for item in state.line_items.values() if item.course_id == course_id]
        return [item for item in items if all(not value or getattr(item, name) == value for name, value in wanted)]

    def column(self, line_item_id: str) -> LineItem | None:
        """Return a column."""
        with self.core.read() as state:
            return state.line_items.get(line_item_id)

    def add_column(self, course_id: str, tool_id: str, asked: Mapping[str, JsonValue]) -> LineItem:
        """Add a column as a tool asks for it. There is no uniqueness: a repeated call makes a second one.

        Raises:
            ServiceRefusedError: label or scoreMaximum is missing, or the resource link is not this tool's.
        """
        label, maximum, link_id = self._read(asked, tool_id)
        with self.core.change() as state:
            item = LineItem(
                id=self.core.new_id(),
                course_id=course_id,
                label=label,
                score_maximum=maximum,
                tool_id=tool_id,
                link_id=link_id,
                resource_id=str(asked.get("resourceId") or ""),
                tag=str(asked.get("tag") or ""),
                review=isinstance(asked.get("submissionReview"), dict),
            )
            state.line_items[item.id] = item
        return item

    def change_column(self, line_item_id: str, tool_id: str, asked: Mapping[str, JsonValue]) -> LineItem:
        """Change a column: grades are rescaled; without resourceLinkId it is no longer bound to its link (Moodle).

        Raises:
            ServiceRefusedError: as in `add_column`.
        """
        label, maximum, link_id = self._read(asked, tool_id)
        with self.core.change() as state:
            item = state.line_items[line_item_id]
            rescale(state, item, maximum)
            item.label, item.link_id = label, link_id
            item.resource_id = str(asked.get("resourceId") or "")
            item.tag = str(asked.get("tag") or "")
            item.review = isinstance(asked.get("submissionReview"), dict)
        return item

    def remove_column(self, line_item_id: str) -> None:
        """Delete a column with its grades."""
        with self.core.change() as state:
            drop_line_item(state, line_item_id)

    def _read(self, asked: Mapping[str, JsonValue], tool_id: str) -> tuple[str, float, str]:
        label, maximum, link_id = asked.get("label"), asked.get("scoreMaximum"), str(asked.get("resourceLinkId") or "")
        if not isinstance(label, str) or isinstance(maximum, bool) or not isinstance(maximum, (int, float)):
            raise ServiceRefusedError(400, "label and scoreMaximum are required")
        if not math.isfinite(maximum):
            raise ServiceRefusedError(400, "scoreMaximum is no number")
        if len(label) > MAX_LABEL:  # Moodle's database refuses it, and nginx says so
            raise ServiceRefusedError(502, "Bad Gateway", html=True)
        with self.core.read() as state:
            link = state.links.get(link_id)
        if link_id and (link is None or link.tool_id != tool_id):
            raise ServiceRefusedError(403, "resourceLinkId is not a link of this tool")
        return label, float(maximum), link_id

    def _refuse_old(self, result: Result, timestamp: datetime) -> None:
        rule = self.core.profile.timestamp_rule
        if rule in {TimestampRule.OWN_CLOCK, TimestampRule.OWN_SECOND}:
            by_score = rule is TimestampRule.OWN_SECOND and not result.overridden
            last = result.timestamp if by_score else result.stored_at
            old = last is not None and int(timestamp.timestamp()) <= int(last.timestamp())
        else:
            last = result.timestamp
            old = last is not None and (timestamp < last or (rule is TimestampRule.NOT_NEWER and timestamp == last))
        if old:
            raise ServiceRefusedError(self.core.profile.timestamp_refused, self.core.profile.timestamp_words)

    def _write(self, item: LineItem, result: Result, score: Score) -> None:
        result.timestamp = score.timestamp
        result.activity_progress, result.grading_progress = score.activity_progress, score.grading_progress
        result.submitted_at = score.submitted_at or result.submitted_at
        result.comment = score.comment
        if score.extension.get("new_submission", True) is not False:
            result.submissions += 1
        if score.given is not None and self._counts(score):
            given = score.given * item.score_maximum / score.maximum if score.maximum else score.given
            self._show(result, self._clip(item, given))
        else:
            keeps = not self.core.profile.non_final_wipes or score.extension.get("preserve_score") is True
            self._show(result, result.score if keeps else None)

    def _counts(self, score: Score) -> bool:
        profile = self.core.profile
        pending = profile.pending_manual_counts and score.grading_progress == "PendingManual"
        return score.is_final or pending or not profile.non_final_wipes

    def _clip(self, item: LineItem, score: float) -> float:
        if self.core.profile.clip:
            score = min(score, item.score_maximum)
        return round(max(score, 0.0), DECIMALS)

    def _show(self, result: Result, score: float | None) -> None:
        result.score = score
        result.stored_at = self.core.clock.now()
        result.history.append(Shown(result.stored_at, score))


def _find(state: State, line_item_id: str, user_id: str) -> Result | None:
    return next((one for one in state.results if (one.line_item_id, one.user_id) == (line_item_id, user_id)), None)


def _cell(state: State, line_item_id: str, user_id: str) -> Result:
    result = _find(state, line_item_id, user_id)
    if result is None:
        result = Result(line_item_id, user_id)
        state.results.append(result)
    return result
