"""The toy holds to the contract, and content types that do not are told so."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from passback.plugin import (
    ContentChange,
    Detection,
    JsonObject,
    PackageReader,
    RuntimeEvent,
    State,
    StateKey,
    Transition,
)
from passback.testing.contract import ContentTypeContract
from passback.testing.packages import make_zip
from tests.support.toy import PAGES, ToyContentType
from tests.support.toy_parts import PartsContentType


class ToyContract:
    """What the contract needs to know of the toy."""

    def package(self) -> bytes:
        return make_zip({"toy.json": '{"title": "Toy", "start": "index.html"}', "index.html": ""})

    def conversation(self) -> Sequence[tuple[str, JsonObject]]:
        return [("toy.page", {"page": 1, "of": 1}), ("toy.score", {"scaled": 0.75}), ("toy.end", {})]


class TestToy(ToyContract, ContentTypeContract):
    """The toy content type."""

    content_type = ToyContentType()


class TestParts(ContentTypeContract):
    """The toy of several parts."""

    content_type = PartsContentType()

    def package(self) -> bytes:
        parts = [{"id": one, "title": one, "start": f"{one}.html"} for one in ("one", "two")]
        return make_zip({"parts.json": json.dumps({"title": "Parts", "parts": parts}), "one.html": "", "two.html": ""})

    def conversation(self) -> Sequence[tuple[str, JsonObject]]:
        return [("parts.score", {"score": 0.5}), ("parts.done", {}), ("parts.go", {"request": "continue"})]

    def activity(self, number: int) -> str:
        return "one" if number in {1, 2} else ""


class Impure(ToyContentType):
    """Writes into the cell that it was given."""

    def apply(self, state: State, event: RuntimeEvent) -> Transition:
        state.cells.setdefault(PAGES, {})["touched"] = True  # type: ignore[attr-defined]
        return super().apply(state, event)


class Touchy(ToyContentType):
    """Takes events at their word."""

    def apply(self, state: State, event: RuntimeEvent) -> Transition:
        if event.kind == "toy.page":
            return replace(super().apply(state, event), facts=(event.data["page"] + event.data["of"],))  # type: ignore
        return super().apply(state, event)


class Trespasser(ToyContentType):
    """Writes a cell that it did not name."""

    def scopes(self, event: RuntimeEvent, content: JsonObject) -> frozenset[StateKey]:
        return frozenset()


class Unstorable(ToyContentType):
    """Keeps what JSON cannot hold."""

    def apply(self, state: State, event: RuntimeEvent) -> Transition:
        transition = super().apply(state, event)
        return replace(transition, cells={key: {**cell, "seen": {1, 2}} for key, cell in transition.cells.items()})  # type: ignore[dict-item]


class Greedy(ToyContentType):
    """Claims every package."""

    def detect(self, package: PackageReader) -> Detection | None:
        return super().detect(package) or Detection(1, "Anything")


class Picky(ToyContentType):
    """Takes what was kept of an older version at its word."""

    def compare(self, before: JsonObject, after: JsonObject) -> Sequence[ContentChange]:
        old, new = str(before["start"]), str(after["start"])
        return [] if old == new else [ContentChange("Start", old, new)]


class Restless(ToyContentType):
    """Sees a change where there is none."""

    def compare(self, before: JsonObject, after: JsonObject) -> Sequence[ContentChange]:
        return [ContentChange("Everything", "", "")]


def contract_with(broken: type[ToyContentType]) -> ContentTypeContract:
    return type("Contract", (ToyContract, ContentTypeContract), {"content_type": broken()})()


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (Impure, ContentTypeContract.test_apply_is_pure),
        (Trespasser, ContentTypeContract.test_cells_are_json_and_within_the_scopes),
        (Unstorable, ContentTypeContract.test_cells_are_json_and_within_the_scopes),
        (Greedy, ContentTypeContract.test_detects_its_own_package_and_no_other),
        (Picky, ContentTypeContract.test_versions_are_compared),
        (Restless, ContentTypeContract.test_versions_are_compared),
    ],
)
def test_the_contract_catches(broken: type[ToyContentType], test: Callable[[ContentTypeContract], None]) -> None:
    with pytest.raises((AssertionError, TypeError, KeyError)):
        test(contract_with(broken))


def test_the_contract_catches_what_is_not_total() -> None:
    search = ContentTypeContract.test_apply_is_total.hypothesis.inner_test  # type: ignore[attr-defined]

    @settings(max_examples=150, deadline=None, phases=[Phase.generate])  # found is enough: no smaller one is looked for
    @given(data=st.data())
    def found(data: st.DataObject) -> None:
        search(contract_with(Touchy), data)

    with pytest.raises((KeyError, TypeError, ExceptionGroup)):
        found()
