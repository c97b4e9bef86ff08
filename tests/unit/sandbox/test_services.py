"""Tokens, line items, scores, results and members: as strict as the LMSs are."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from passback.sandbox.claims import line_items_url, memberships_url
from passback.sandbox.keys import new_key
from passback.sandbox.links import Column
from passback.sandbox.model import Role
from passback.sandbox.vocabulary import (
    LINE_ITEM,
    LINE_ITEM_READ,
    LINE_ITEM_TYPE,
    LINE_ITEMS_TYPE,
    RESULTS_TYPE,
    SCORE,
    SCORE_TYPE,
)
from tests.unit.sandbox.conftest import LMS, NOW, Lms


def container(lms: Lms, query: str = "") -> str:
    return line_items_url(lms.platform.core, "2", lms.tool) + query


def members(lms: Lms, query: str = "") -> str:
    return memberships_url(lms.platform.core, lms.platform.course, lms.tool) + query


class TestTokens:
    def test_a_token_is_json_labelled_as_html(self, lms: Lms) -> None:
        answer = lms.ask_token(f"{SCORE} {LINE_ITEM}")
        assert (answer.status_code, answer.mimetype) == (200, "text/html")
        body = json.loads(answer.text)
        assert (body["token_type"], body["expires_in"], len(body["access_token"])) == ("Bearer", 3600, 32)
        assert set(body["scope"].split()) == {SCORE, LINE_ITEM}

    def test_scopes_that_are_not_granted_are_left_out(self, lms: Lms) -> None:
        lms.platform.tools.change(lms.tool.id, scopes=[SCORE])
        assert json.loads(lms.ask_token(f"{SCORE} {LINE_ITEM}").text)["scope"] == SCORE
        assert "invalid_scope" in lms.ask_token(LINE_ITEM).text

    def test_sakai_fails_the_whole_token_for_one_scope_too_many(self, make_lms: Callable[..., Lms]) -> None:
        sakai = make_lms("sakai")
        sakai.platform.tools.change(sakai.tool.id, scopes=[SCORE])
        assert sakai.ask_token(SCORE).status_code == 200
        assert sakai.ask_token(f"{SCORE} {LINE_ITEM}").status_code == 400

    @pytest.mark.parametrize(
        "wrong",
        [
            {"iat": NOW + 5},
            {"iat": None},
            {"exp": NOW},
            {"exp": None},
            {"aud": "https://elsewhere.test/token"},
            {"sub": "nobody"},
            {"iss": "nobody"},
            {"jti": None},
            {"header": {"kid": None}},
            {"header": {"kid": "unknown"}},
            {"header": {"alg": "RS384"}},
            {"header": {"alg": "none"}},
        ],
    )
    def test_a_wrong_assertion_gets_none(self, lms: Lms, clock: time_machine.Traveller, wrong: dict[str, Any]) -> None:
        assert lms.ask_token(**wrong).status_code == 400
        assert lms.platform.tokens.given == {}

    def test_an_assertion_signed_by_another_key_gets_none(self, lms: Lms) -> None:
        assert lms.ask_token(key=new_key("tool")).status_code == 400

    def test_an_assertion_works_once(self, lms: Lms) -> None:
        assert lms.ask_token(jti="the same").status_code == 200
        assert lms.ask_token(jti="the same").status_code == 400

    def test_only_a_posted_form_is_a_token_request(self, lms: Lms) -> None:
        assert lms.client.get(f"{LMS}/lti/token").status_code == 400
        assert lms.client.post(f"{LMS}/lti/token", json={"grant_type": "client_credentials"}).status_code == 400

    def test_an_error_may_be_no_valid_json(self, lms: Lms) -> None:
        with pytest.raises(ValueError, match="delimiter"):
            json.loads(lms.ask_token(header={"kid": "unknown"}).text)

    def test_a_new_kid_makes_it_fetch_the_tools_keys_again_and_a_known_one_does_not(self, lms: Lms) -> None:
        second, fetched = new_key("second"), 0
        published = [lms.key.as_dict(private=False)]

        def _fetch(_url: str) -> bytes:
            nonlocal fetched
            fetched += 1
            return json.dumps({"keys": published}).encode()

        lms.platform.tool_keys.fetch = _fetch
        assert [lms.ask_token(jti=str(turn)).status_code for turn in range(3)] == [200, 200, 200]
        assert fetched == 1
        assert lms.ask_token(key=second, jti="4").status_code == 400
        published.append(second.as_dict(private=False))
        assert lms.ask_token(key=second, jti="5").status_code == 200
        assert fetched == 3

    def test_unreachable_keys_are_a_refusal_not_a_fault(self, lms: Lms) -> None:
        def _fetch(_url: str) -> bytes:
            raise OSError("no route")

        lms.platform.tool_keys.fetch = _fetch
        assert lms.ask_token().status_code == 400

    def test_a_token_runs_out(self, lms: Lms, clock: time_machine.Traveller) -> None:
        lms.platform.tokens.lifetime = timedelta(seconds=10)
        lms.token()
        clock.shift(9)
        assert lms.call("GET", members(lms)).status_code == 200
        clock.shift(1)
        assert lms.call("GET", members(lms)).status_code == 401


class TestDoor:
    @pytest.mark.parametrize("header", ["", "Bearer nonsense", "bearer {}", "Basic {}"])
    def test_without_a_good_bearer_it_is_401(self, lms: Lms, header: str) -> None:
        headers = {"Authorization": header.format(lms.token())}
        assert lms.call("GET", members(lms), headers=headers).status_code == 401

    @pytest.mark.parametrize(("product", "status"), [("moodle", 401), ("canvas", 403)])
    def test_a_missing_scope(self, make_lms: Callable[..., Lms], product: str, status: int) -> None:
        lms = make_lms(product)
        token = lms.token(LINE_ITEM_READ)
        answer = lms.call("GET", members(lms), headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == status

    def test_canvas_wants_a_user_agent(self, make_lms: Callable[..., Lms]) -> None:
        canvas = make_lms("canvas")
        assert canvas.call("GET", members(canvas), headers={"User-Agent": ""}).status_code == 403
        assert canvas.call("GET", members(canvas), headers={"User-Agent": "Passback/1"}).status_code == 200

    def test_another_tools_column_and_roster_are_closed(self, lms: Lms) -> None:
        other = lms.platform.tools.add(
            initiate_login_uri="https://o.test/login", redirect_uris=["https://o.test/l"], jwks_uri="https://o.test/j"
        )
        link = lms.platform.links.add("2", other.id, "Theirs", column=Column())
        column = lms.platform.links.column(link.id)
        assert column is not None
        assert lms.call("GET", lms.item_url(column=column.id)).status_code == 403
        assert lms.call("GET", memberships_url(lms.platform.core, lms.platform.course, other)).status_code == 403
        shown = lms.call("GET", container(lms), accept=LINE_ITEMS_TYPE).json
        assert [item["label"] for item in shown] == ["Bees"]  # type: ignore[union-attr, index]


class TestLineItems:
    @pytest.mark.parametrize("accept", ["*/*", "application/json", f"{LINE_ITEMS_TYPE}, */*", LINE_ITEM_TYPE])
    def test_the_container_wants_exactly_its_own_type(self, lms: Lms, accept: str) -> None:
        assert lms.call("GET", container(lms), accept=accept).status_code == 400
        right = lms.call("GET", container(lms), accept=LINE_ITEMS_TYPE)
        assert (right.status_code, right.content_type) == (200, LINE_ITEMS_TYPE)

    def test_filters(self, lms: Lms) -> None:
        add(lms, label="Other", resourceId="wasps", tag="early")

        def labels(query: str) -> list[str]:
            shown = lms.call("GET", container(lms, query), accept=LINE_ITEMS_TYPE).json
            return [item["label"] for item in shown]  # type: ignore[union-attr, index]

        assert labels("") == ["Bees", "Other"]
        assert labels("&resource_id=wasps") == ["Other"]
        assert labels("&tag=final") == ["Bees"]
        assert labels(f"&resource_link_id={lms.link.id}") == ["Bees"]
        assert labels("&resource_id=none") == []

    def test_paging_links_are_as_broken_as_moodles(self, lms: Lms) -> None:
        add(lms, label="Second")
        answer = lms.call("GET", container(lms, "&limit=1"), accept=LINE_ITEMS_TYPE)
        link = answer.headers["Link"].encode("latin-1").decode()
        assert "&amp;" in link
        assert "\u201cnext\u201d" in link
        second = lms.call("GET", container(lms, "&limit=1&from=1"), accept=LINE_ITEMS_TYPE)
        assert [item["label"] for item in second.json] == ["Second"]  # type: ignore[union-attr, index]
        assert "Link" not in second.headers

    def test_a_repeated_post_makes_a_second_column(self, lms: Lms) -> None:
        first, second = add(lms, label="Twice", resourceId="r"), add(lms, label="Twice", resourceId="r")
        assert (first.status_code, second.status_code) == (201, 201)
        assert "Location" not in first.headers
        assert first.json["id"] != second.json["id"]  # type: ignore[index]

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"label": "No maximum"}, 400),
            ({"scoreMaximum": 10}, 400),
            ({"label": "x" * 256, "scoreMaximum": 10}, 502),
            ({"label": "Foreign", "scoreMaximum": 10, "resourceLinkId": "9999"}, 403),
            ("[1]", 400),
            ("{", 400),
        ],
    )
    def test_refused_columns(self, lms: Lms, body: Any, status: int) -> None:
        answer = lms.call("POST", container(lms), accept=LINE_ITEM_TYPE, body=body, content_type=LINE_ITEM_TYPE)
        assert answer.status_code == status
        assert len(lms.platform.gradebook.columns("2")) == 1

    def test_a_put_rescales_and_without_resource_link_unbinds(self, lms: Lms, clock: time_machine.Traveller) -> None:
        lms.score("3", 8)
        answer = put(lms, label="Bees", scoreMaximum=50, resourceLinkId=lms.link.id, resourceId="bees", tag="final")
        assert answer.json["resourceLinkId"] == lms.link.id  # type: ignore[index]
        assert lms.shown("3") == 40
        column = lms.column
        put(lms, label="Bees", scoreMaximum=50)
        assert lms.platform.links.column(lms.link.id) is None
        unbound = lms.platform.gradebook.column(column)
        assert unbound is not None
        assert unbound.link_id == ""

    def test_delete_takes_the_column_and_its_grades(self, lms: Lms) -> None:
        url = lms.item_url()
        assert lms.call("DELETE", url).status_code == 204
        assert lms.call("GET", url).status_code == 404
        assert lms.platform.gradebook.columns("2") == []


def add(lms: Lms, **body: Any) -> Any:
    asked = {"scoreMaximum": 10, **body}
    return lms.call("POST", container(lms), accept=LINE_ITEM_TYPE, body=asked, content_type=LINE_ITEM_TYPE)


def put(lms: Lms, **body: Any) -> Any:
    return lms.call("PUT", lms.item_url(), body=body, content_type=LINE_ITEM_TYPE)


class TestScores:
    def test_a_score_is_scaled_to_the_column(self, lms: Lms) -> None:
        answer = lms.score("3", 8)
        assert (answer.status_code, answer.text) == (200, "")
        assert lms.shown("3") == 80

    @pytest.mark.parametrize(
        ("given", "maximum", "shown"), [(15, 10, 100), (-2, 10, 0), ("7.5", "10", 75), (42, 0, 42), (1, 3, 33.33333)]
    )
    def test_clipping_and_odd_maxima(self, lms: Lms, given: Any, maximum: Any, shown: float) -> None:
        assert lms.score("3", given, scoreMaximum=maximum).status_code == 200
        assert lms.shown("3") == pytest.approx(shown)

    @pytest.mark.parametrize("content_type", ["application/json", "text/plain", LINE_ITEM_TYPE])
    def test_the_media_type_is_exact(self, lms: Lms, content_type: str) -> None:
        answer = lms.call("POST", lms.item_url("/scores"), body={}, content_type=content_type)
        assert answer.status_code == 400

    def test_the_path_goes_before_the_query(self, lms: Lms) -> None:
        answer = lms.call("POST", lms.item_url() + "/scores", body={}, content_type=SCORE_TYPE)
        assert answer.status_code in {400, 403, 405}

    def test_a_charset_beside_the_media_type_is_fine(self, lms: Lms) -> None:
        body = {"userId": "3", "timestamp": "2027-01-15T08:00:00Z", "activityProgress": "Completed"}
        body |= {"gradingProgress": "FullyGraded", "scoreGiven": 1, "scoreMaximum": 2}  # type: ignore[dict-item]
        kind = f"{SCORE_TYPE}; charset=utf-8"
        assert lms.call("POST", lms.item_url("/scores"), body=body, content_type=kind).status_code == 200

    @pytest.mark.parametrize("missing", ["userId", "timestamp", "activityProgress", "gradingProgress", "scoreMaximum"])
    def test_what_is_required(self, lms: Lms, missing: str) -> None:
        assert lms.score("3", **{missing: None}).status_code == 400
        assert lms.shown("3") is None

    @pytest.mark.parametrize("who", ["2", "1", "999", "stranger"])
    @pytest.mark.parametrize(("product", "status"), [("moodle", 400), ("canvas", 422), ("openedx", 400)])
    def test_only_learners_are_graded(self, make_lms: Callable[..., Lms], who: str, product: str, status: int) -> None:
        assert make_lms(product).score(who).status_code == status

    def test_the_refusal_echoes_the_body_in_the_status_line(self, lms: Lms) -> None:
        assert '"userId": "2"' in lms.score("2").status

    def test_a_suspended_learner_is_graded_but_not_listed(self, lms: Lms) -> None:
        lms.platform.course.suspended.append("3")
        assert lms.score("3").status_code == 200
        listed = lms.call("GET", members(lms)).json["members"]  # type: ignore[index]
        assert "3" not in [one["user_id"] for one in listed]

    @pytest.mark.parametrize("progress", ["Pending", "NotReady", "PendingManual", "Failed"])
    def test_what_is_not_final_wipes_the_grade(self, lms: Lms, clock: time_machine.Traveller, progress: str) -> None:
        lms.score("3", 8)
        assert lms.score("3", 9, NOW + 1, gradingProgress=progress).status_code == 200
        assert lms.shown("3") is None

    def test_final_without_points_wipes_too(self, lms: Lms, clock: time_machine.Traveller) -> None:
        lms.score("3", 8)
        assert lms.score("3", None, NOW + 1).status_code == 200
        assert lms.shown("3") is None

    def test_canvas_keeps_what_it_is_asked_to_keep(self, make_lms: Callable[..., Lms]) -> None:
        canvas = make_lms("canvas")
        extension = "https://canvas.instructure.com/lti/submission"
        canvas.score("3", 8)
        canvas.score("3", None, NOW + 1, gradingProgress="NotReady", **{extension: {"preserve_score": True}})
        assert canvas.shown("3") == 80
        canvas.score("3", 5, NOW + 2, gradingProgress="PendingManual", **{extension: {"new_submission": False}})
        assert canvas.shown("3") == 50
        result = canvas.platform.gradebook.result(canvas.column, "3")
        assert result is not None
        assert result.submissions == 2
        canvas.score("3", 5, NOW + 3, gradingProgress="Pending")
        assert canvas.shown("3") is None

    def test_a_missing_comment_removes_the_last_one(self, lms: Lms, clock: time_machine.Traveller) -> None:
        lms.score("3", comment="Well done 🦉")
        result = lms.platform.gradebook.result(lms.column, "3")
        assert result is not None
        assert result.comment == "Well done 🦉"
        lms.score("3", at=NOW + 1)
        assert result.comment == ""

    def test_a_teachers_grade_stays_in_moodle_and_goes_in_canvas(
        self, make_lms: Callable[..., Lms], clock: time_machine.Traveller
    ) -> None:
        for product, shown in (("moodle", 33), ("canvas", 90)):
            lms = make_lms(product)
            lms.platform.gradebook.override(lms.column, "3", 33, "late")
            assert lms.score("3", 9, NOW + 5).status_code == 200
            assert lms.shown("3") == shown
        lms = make_lms()
        lms.platform.gradebook.override(lms.column, "3", 33)
        lms.platform.gradebook.release(lms.column, "3")
        lms.score("3", 9, NOW + 5)
        assert lms.shown("3") == 90


class TestTimestamps:
    def test_moodle_compares_with_its_own_clock_in_whole_seconds(self, lms: Lms, clock: time_machine.Traveller) -> None:
        assert lms.score("3", 5, NOW - 3600).status_code == 200
        clock.shift(10)
        assert lms.score("3", 6, NOW).status_code == 409
        clock.move_to(NOW + 20)
        assert lms.score("3", 6, NOW + 20).status_code == 200
        assert lms.score("3", 7, NOW + 20.9).status_code == 409
        assert lms.score("3", 7, NOW + 21).status_code == 200
        assert lms.shown("3") == 70

    def test_moodle_takes_a_timestamp_an_hour_ahead_and_it_blocks_nothing(
        self, lms: Lms, clock: time_machine.Traveller
    ) -> None:
        assert lms.score("3", 5, NOW + 3600).status_code == 200
        clock.shift(2)
        assert lms.score("3", 6, NOW + 2).status_code == 200

    def test_moodle_4_5_compares_with_the_last_scores_own_timestamp(
        self, make_lms: Callable[..., Lms], clock: time_machine.Traveller
    ) -> None:
        lms = make_lms("moodle45")
        assert lms.score("3", 5, NOW + 3600.9).status_code == 200
        clock.shift(2)
        assert lms.score("3", 6, NOW + 2).status_code == 409
        assert lms.score("3", 6, NOW + 3600).status_code == 409
        assert lms.score("3", 6, NOW + 3601).status_code == 200

    def test_a_locked_grade_in_moodle_fails_with_500(self, lms: Lms) -> None:
        assert lms.score("3", 5, NOW).status_code == 200
        column = lms.column
        lms.platform.gradebook.lock(column, "3")
        assert lms.score("3", 6, NOW + 5).status_code == 500
        lms.platform.gradebook.lock(column, "3", locked=False)
        assert lms.score("3", 6, NOW + 6).status_code == 200

    def test_a_clock_that_is_wrong_refuses_what_the_tool_thinks_is_new(
        self, lms: Lms, clock: time_machine.Traveller
    ) -> None:
        lms.platform.clock.offset = timedelta(seconds=30)
        assert lms.score("3", 5).status_code == 200
        clock.shift(5)
        assert lms.score("3", 6, NOW + 5).status_code == 409
        clock.shift(26)
        assert lms.score("3", 6, NOW + 31).status_code == 200

    @pytest.mark.parametrize(
        ("product", "older", "equal", "newer"), [("canvas", 400, 200, 200), ("openedx", 400, 400, 200)]
    )
    def test_others_compare_with_the_last_timestamp(
        self, make_lms: Callable[..., Lms], product: str, older: int, equal: int, newer: int
    ) -> None:
        lms = make_lms(product)
        assert lms.score("3", 5, NOW).status_code == 200
        assert lms.score("3", 6, NOW - 0.001).status_code == older
        assert lms.score("3", 6, NOW).status_code == equal
        assert lms.score("3", 6, NOW + 0.001).status_code == newer

    @pytest.mark.parametrize(
        "text", ["1800000000", "Fri, 15 Jan 2027 08:00:00 GMT", "soon", "2027-13-01T00:00:00Z", "٢٠٢٧-01-15"]
    )
    def test_what_is_no_iso_time(self, lms: Lms, text: str) -> None:
        assert lms.score("3", timestamp=text).status_code == 400

    @pytest.mark.parametrize(
        "text", ["2027-01-15T08:00:00Z", "2027-01-15T09:00:00.123+01:00", "2027-01-15T08:00:00", "2027-01-15"]
    )
    def test_what_is_one(self, lms: Lms, text: str) -> None:
        assert lms.score("3", timestamp=text).status_code == 200

    def test_blackboard_wants_a_zone(self, make_lms: Callable[..., Lms]) -> None:
        blackboard = make_lms("blackboard")
        assert blackboard.score("3", timestamp="2027-01-15T08:00:00").status_code == 400
        assert blackboard.score("3", timestamp="2027-01-15T08:00:00Z").status_code == 200


class TestResults:
    def test_they_list_those_with_a_grade_and_filter_by_user(self, lms: Lms) -> None:
        lms.score("3", 8, comment="ok")
        lms.score("5", 4)
        lms.score("4", 9, gradingProgress="Pending")
        answer = lms.call("GET", lms.item_url("/results"), accept=RESULTS_TYPE)
        shown = answer.json
        assert [(one["userId"], one["resultScore"], one["resultMaximum"]) for one in shown] == [  # type: ignore[union-attr]
            ("3", 80, 100),
            ("5", 40, 100),
        ]
        assert shown[0]["comment"] == "ok"  # type: ignore[index]
        one = lms.call("GET", lms.item_url("/results") + "&user_id=5", accept=RESULTS_TYPE).json
        assert [result["userId"] for result in one] == ["5"]  # type: ignore[union-attr, index]

    def test_paging(self, lms: Lms) -> None:
        for learner in ("3", "4", "5"):
            lms.score(learner)
        url, seen = lms.item_url("/results") + "&limit=2", []
        while url:
            answer = lms.call("GET", url, accept=RESULTS_TYPE)
            seen += [one["userId"] for one in answer.json]  # type: ignore[union-attr, index]
            url = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
        assert seen == ["3", "4", "5"]


class TestMembers:
    def test_roles_are_short_and_an_assistant_is_a_learner_here(self, lms: Lms) -> None:
        assistant = lms.platform.add_user("Ana", role=Role.ASSISTANT)
        shown = {one["user_id"]: one for one in lms.call("GET", members(lms)).json["members"]}  # type: ignore[index]
        assert shown["2"]["roles"] == ["Instructor"]
        assert shown["3"]["roles"] == shown[assistant.id]["roles"] == ["Learner"]
        assert "1" not in shown
        assert "family_name" not in shown["3"]
        assert {one["status"] for one in shown.values()} == {"Active"}

    @pytest.mark.parametrize(
        ("role", "count"),
        [("Instructor", 1), ("http://purl.imsglobal.org/vocab/lis/v2/membership%23Learner", 3), ("Wizard", 4)],
    )
    def test_role_filters_and_unknown_ones_do_not(self, lms: Lms, role: str, count: int) -> None:
        assert len(lms.call("GET", members(lms, f"?role={role}")).json["members"]) == count  # type: ignore[index]

    def test_paging_loses_the_role_on_the_way(self, lms: Lms) -> None:
        first = lms.call("GET", members(lms, "?role=Learner&limit=2"))
        link = first.headers["Link"]
        assert link.endswith('rel="next"')
        assert "role=" not in link
        url, seen = members(lms, "?limit=3"), []
        while url:
            answer = lms.call("GET", url)
            seen += [one["user_id"] for one in answer.json["members"]]  # type: ignore[index]
            url = answer.headers.get("Link", "").partition(">")[0].lstrip("<")
        assert seen == ["2", "3", "4", "5"]

    def test_open_edx_pages_by_itself(self, make_lms: Callable[..., Lms]) -> None:
        lms = make_lms("openedx")
        for number in range(20):
            lms.platform.add_user(f"Learner {number}")
        answer = lms.call("GET", members(lms))
        assert len(answer.json["members"]) == 10  # type: ignore[index]
        assert "from=10" in answer.headers["Link"]

    def test_rlid(self, lms: Lms) -> None:
        assert "message" in lms.call("GET", members(lms, f"?rlid={lms.link.id}")).json["members"][0]  # type: ignore[index]
        assert lms.call("GET", members(lms, "?rlid=9999")).status_code == 404

    def test_garbage_in_the_query_is_400(self, lms: Lms) -> None:
        assert lms.call("GET", members(lms, "?limit=many")).status_code == 400
