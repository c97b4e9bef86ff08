"""What each LMS's answer to a score means."""

import pytest

from passback.lti.profiles import BUILTIN, DEFAULT, profile_for
from passback.lti.score_answers import Meaning, meaning
from passback.outbound import HttpAnswer
from passback.plugin import LmsProfile

PROFILES = {one.product: one for one in BUILTIN}


def answer(status: int, body: str = "", reason: str = "") -> HttpAnswer:
    return HttpAnswer(status, {}, body.encode(), "https://lms.example/scores", reason)


TABLE = [
    ("any", answer(200), Meaning.ACCEPTED),
    ("any", answer(204), Meaning.ACCEPTED),
    ("any", answer(200, '{"resultUrl": "https://lms.example/<html>"}'), Meaning.ACCEPTED),
    ("any", answer(200, "<br />Warning: undefined index"), Meaning.ACCEPTED),
    ("a proxy in front: please sign in", answer(200, " \n<!DOCTYPE html><title>Sign in"), Meaning.LATER),
    ("a proxy in front: maintenance", answer(200, "\ufeff<HTML lang=en>"), Meaning.LATER),
    ("a firewall in front", answer(403, "<html><h1>Request blocked"), Meaning.LATER),
    ("any", answer(401, "earlier timestamp"), Meaning.UNAUTHORISED),
    ("any", answer(302), Meaning.LATER),
    ("any", answer(429), Meaning.LATER),
    ("any", answer(408), Meaning.LATER),
    ("any", answer(503), Meaning.LATER),
    ("any", answer(404), Meaning.MISSING),
    ("any", answer(410), Meaning.MISSING),
    ("any", answer(409), Meaning.OLDER),
    ("any", answer(400, "scoreMaximum is not a number"), Meaning.REFUSED),
    ("any", answer(413), Meaning.REFUSED),
    ("any", answer(400, "\\xff" * 100_000), Meaning.REFUSED),
    ("any", answer(400, "[" * 100_000), Meaning.REFUSED),
    ("moodle: an older time", answer(409, "[]", "Refusing score with an earlier timestamp"), Meaning.OLDER),
    ("moodle: not a student", answer(400, "[]", 'Incorrect score received {"userId":"7"}'), Meaning.LEARNER),
    ("moodle behind a proxy that drops the reason", answer(400, "[]", "Bad Request"), Meaning.LEARNER),
    ("moodle: an empty 400", answer(400), Meaning.LEARNER),
    ("moodle: a locked grade", answer(500, "<html>"), Meaning.LATER),
    ("moodle: nginx gave up", answer(502, "<html>Bad Gateway"), Meaning.LATER),
    ("canvas: an older time", answer(400, '{"errors": "score before last updated timestamp"}'), Meaning.OLDER),
    ("canvas: not in the course", answer(422, '{"errors":{"type":"unprocessable_entity"}}'), Meaning.LEARNER),
    ("canvas before October 2025: throttled", answer(403, "403 Forbidden (Rate Limit Exceeded)"), Meaning.LATER),
    ("openedx: the same time", answer(400, "Score already exists for the provided timestamp."), Meaning.OLDER),
    ("sakai: no member", answer(400, '"User does not belong to site"'), Meaning.LEARNER),
    ("blackboard: no member", answer(400, "User could not be found: 12"), Meaning.LEARNER),
    ("desire2learn: not enrolled", answer(403), Meaning.LEARNER),
    ("desire2learn: cannot be graded", answer(422), Meaning.LEARNER),
]


@pytest.mark.parametrize(("case", "given", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_what_an_answer_means(case: str, given: HttpAnswer, expected: Meaning) -> None:
    product = case.partition(":")[0].partition(" ")[0]
    assert meaning(given, PROFILES.get(product, DEFAULT)) is expected


def test_a_plugins_profile_brings_its_own_words() -> None:
    profile = LmsProfile("ilias", "ILIAS", older_refusals=("zu alt",), learner_refusals=("kein mitglied",))
    assert meaning(answer(400, "Zu alt"), profile) is Meaning.OLDER
    assert meaning(answer(400, "Kein Mitglied"), profile) is Meaning.LEARNER
    assert meaning(answer(400, "Kein Mitglied")) is Meaning.REFUSED


@pytest.mark.parametrize(
    ("product", "issuer", "label"),
    [
        ("moodle", "", "Moodle"),
        ("BlackboardLearn", "", "Blackboard"),
        ("desire2learn", "", "Brightspace"),
        ("", "https://canvas.instructure.com", "Canvas"),
        ("", "https://schoology.schoology.com", "Schoology"),
        ("", "https://lms.example", "LMS"),
        ("chamilo", "https://canvas.instructure.com", "LMS"),
    ],
)
def test_the_profile_of_a_product(product: str, issuer: str, label: str) -> None:
    assert profile_for(PROFILES, product, issuer).label == label


def test_brightspace_wants_its_own_audience_and_canvas_one_submission() -> None:
    assert PROFILES["desire2learn"].token_audience == "https://api.brightspace.com/auth/token"
    assert [one.product for one in BUILTIN if one.submission_per_post] == ["canvas"]
    assert all(one.minimum_score_interval >= 1 for one in BUILTIN)
