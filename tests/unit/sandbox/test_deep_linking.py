"""The picker's answer: every check, and the links that come of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import time_machine

from passback.sandbox.content_items import DeepLinkingRefusedError
from passback.sandbox.keys import new_key, sign
from passback.sandbox.model import JsonObject
from passback.sandbox.profiles import MOODLE
from tests.unit.sandbox.conftest import LMS, NOW, Lms

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"


def open_picker(lms: Lms, **how: Any) -> str:
    """Open a picker and return the `data` to bring back."""
    lms.platform.deep_linking.start(lms.platform.instructor, lms.tool, "2", session="s", **how)
    return list(lms.platform.deep_linking.open)[-1]


def answer(lms: Lms, data: str | None, items: Any = (), **changes: Any) -> JsonObject:
    now = lms.platform.clock.timestamp()
    claims: dict[str, Any] = {
        "iss": lms.tool.client_id,
        "aud": lms.platform.issuer,
        "iat": now,
        "exp": now + 60,
        "nonce": f"nonce {len(lms.platform.tool_keys.seen)}",
        LTI + "deployment_id": lms.tool.id,
        LTI + "message_type": "LtiDeepLinkingResponse",
        LTI + "version": "1.3.0",
        DL + "content_items": list(items) if isinstance(items, tuple) else items,
        DL + "data": data,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def accept(lms: Lms, claims: JsonObject, *, key: Any = None, session: str = "s") -> list[Any]:
    token = sign(claims, key or lms.key)
    return lms.platform.deep_linking.save(lms.platform.deep_linking.accept(token, tool_id=lms.tool.id, session=session))


BACKWARDS = {"startDateTime": "2027-02-01T00:00:00Z", "endDateTime": "2027-01-01T00:00:00Z"}
ITEM = {"type": "ltiResourceLink", "title": "Wasps", "custom": {"choice": 7}}


def test_several_items_become_links_with_their_columns(lms: Lms) -> None:
    graded = {**ITEM, "url": "http://localhost:8000/x", "text": "About wasps", "window": {"targetName": "_blank"}}
    graded["lineItem"] = {"scoreMaximum": 12.5, "label": "dropped", "resourceId": "r", "tag": "t"}
    first, second, third = accept(lms, answer(lms, open_picker(lms), (graded, ITEM, {"type": "ltiResourceLink"})))
    assert (first.title, first.url, first.description, first.container) == (
        "Wasps",
        "http://localhost:8000/x",
        "About wasps",
        "window",
    )
    assert first.custom == {"choice": "7"}
    column = lms.platform.links.column(first.id)
    assert column is not None
    assert (column.label, column.score_maximum, column.resource_id, column.tag) == ("Wasps", 12.5, "r", "t")
    assert (second.url, second.container) == ("", "iframe")
    assert lms.platform.links.column(second.id) is None
    assert third.title == "Passback"


def test_nothing_is_placed_before_it_is_saved_and_saving_works_once(lms: Lms) -> None:
    token = sign(answer(lms, open_picker(lms), (ITEM,)), lms.key)
    key = lms.platform.deep_linking.accept(token, tool_id=lms.tool.id, session="s")
    assert len(lms.platform.links.of_course("2")) == 1
    lms.platform.deep_linking.save(key)
    with pytest.raises(KeyError):
        lms.platform.deep_linking.save(key)
    assert len(lms.platform.links.of_course("2")) == 2


def test_choosing_anew_changes_the_same_link(lms: Lms) -> None:
    data = open_picker(lms, link=lms.link)
    (link,) = accept(lms, answer(lms, data, ({**ITEM, "lineItem": {"scoreMaximum": 10}},)))
    assert (link.id, link.title) == (lms.link.id, "Wasps")
    column = lms.platform.links.column(link.id)
    assert column is not None
    assert (column.score_maximum, column.label) == (10, "Wasps")


def test_an_empty_answer_places_nothing(lms: Lms) -> None:
    assert accept(lms, answer(lms, open_picker(lms), **{DL + "content_items": None})) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "another"}, "iss"),
        ({"aud": "https://elsewhere.test"}, "aud"),
        ({"aud": None}, "aud"),
        ({"nonce": None}, "nonce"),
        ({"iat": NOW + 1}, "iat"),
        ({"iat": None}, "iat"),
        ({"exp": NOW}, "exp"),
        ({"exp": None}, "exp"),
        ({LTI + "deployment_id": "another"}, "deployment_id"),
        ({LTI + "message_type": "LtiDeepLinkingRequest"}, "message_type"),
        ({LTI + "version": "1.3"}, "version"),
        ({DL + "data": "another"}, "data"),
        ({DL + "data": None}, "data"),
        ({DL + "content_items": "none"}, "content_items"),
        ({DL + "content_items": [{"type": "link", "url": "https://x.test"}]}, "type"),
        ({DL + "content_items": [{**ITEM, "url": "javascript:alert(1)"}]}, "url"),
        ({DL + "content_items": [{**ITEM, "custom": "a=b"}]}, "custom"),
        ({DL + "content_items": [{**ITEM, "lineItem": {"scoreMaximum": 0}}]}, "scoreMaximum"),
        ({DL + "content_items": [{**ITEM, "lineItem": [1]}]}, "lineItem"),
        ({DL + "content_items": [{**ITEM, "window": "_blank"}]}, "window"),
        ({DL + "content_items": [{**ITEM, "iframe": {"width": "wide"}}]}, "width"),
        ({DL + "content_items": [{**ITEM, "thumbnail": {"url": "data:image/png,x"}}]}, "thumbnail"),
        ({DL + "content_items": [{**ITEM, "thumbnail": {"width": 1}}]}, "thumbnail"),
        ({DL + "content_items": [{**ITEM, "available": {}}]}, "available"),
        ({DL + "content_items": [{**ITEM, "available": {"startDateTime": "soon"}}]}, "ISO 8601"),
        ({DL + "content_items": [{**ITEM, "submission": {"endDateTime": "2027-01-31T23:59:00"}}]}, "zone"),
        ({DL + "content_items": [{**ITEM, "available": BACKWARDS}]}, "ends before"),
    ],
)
def test_every_check(lms: Lms, clock: time_machine.Traveller, changes: dict[str, Any], reason: str) -> None:
    data = open_picker(lms)
    with pytest.raises(DeepLinkingRefusedError, match=reason):
        accept(lms, answer(lms, data, (ITEM,), **changes))
    assert len(lms.platform.links.of_course("2")) == 1
    assert len(accept(lms, answer(lms, data, (ITEM,)))) == 1  # a refused answer costs nothing


def test_the_signature_the_session_and_the_replay(lms: Lms) -> None:
    data = open_picker(lms)
    right = answer(lms, data, (ITEM,))
    with pytest.raises(DeepLinkingRefusedError, match="signature"):
        accept(lms, right, key=new_key("tool"))
    with pytest.raises(DeepLinkingRefusedError, match="kid"):
        accept(lms, right, key=new_key("unknown"))
    with pytest.raises(DeepLinkingRefusedError, match="data"):
        accept(lms, right, session="another")
    accept(lms, right)
    with pytest.raises(DeepLinkingRefusedError, match="data"):
        accept(lms, right)
    with pytest.raises(DeepLinkingRefusedError, match="nonce"):
        accept(lms, {**right, DL + "data": open_picker(lms)})


def test_the_request_offers_what_moodle_offers(lms: Lms) -> None:
    claims = lms.platform.claims(lms.platform.instructor)
    settings = claims[DL + "deep_linking_settings"]
    assert isinstance(settings, dict)
    assert settings["accept_types"] == ["ltiResourceLink"]
    assert settings["accept_multiple"] is True
    assert str(settings["deep_link_return_url"]).startswith(f"{LMS}/lti/deep-linking/return?")
    assert LTI + "resource_link" not in claims


@pytest.mark.parametrize(
    ("change", "items", "reason"),
    [
        ({"deep_linking_multiple": False}, (ITEM, ITEM), "accept_multiple"),
        ({"deep_linking_line_items": False}, ({**ITEM, "lineItem": {"scoreMaximum": 1}},), "accept_lineitem"),
        ({"deep_linking_targets": ("iframe",)}, ({**ITEM, "window": {}},), "document targets"),
    ],
)
def test_what_the_request_did_not_offer_is_refused(
    make_lms: Callable[..., Lms], change: dict[str, Any], items: tuple[JsonObject, ...], reason: str
) -> None:
    lms = make_lms(profile=replace(MOODLE, **change))
    with pytest.raises(DeepLinkingRefusedError, match=reason):
        accept(lms, answer(lms, open_picker(lms), items))
    plain: JsonObject = {**ITEM}
    assert len(accept(lms, answer(lms, open_picker(lms), (plain,)))) == 1


def test_dates_and_pictures_are_kept_and_dates_told_where_they_are_asked_for(lms: Lms) -> None:
    window = {"startDateTime": "2027-01-10T08:00:00+01:00", "endDateTime": "2027-02-10T08:00:00Z"}
    custom = {"from": "$ResourceLink.available.startDateTime", "due": "$ResourceLink.submission.endDateTime"}
    picture = {"url": "http://content.test/cover.png", "width": 320, "height": 180}
    item = {**ITEM, "available": window, "thumbnail": picture, "custom": custom}
    (link,) = accept(lms, answer(lms, open_picker(lms), (item,)))
    assert link.dates == {
        "available.startDateTime": "2027-01-10T08:00:00+01:00",
        "available.endDateTime": "2027-02-10T08:00:00+00:00",
    }
    assert link.thumbnail == "http://content.test/cover.png"
    said = lms.platform.claims(lms.platform.learners[0], link)[LTI + "custom"]
    assert isinstance(said, dict)
    assert (said["from"], said["due"]) == ("2027-01-10T08:00:00+01:00", "")
