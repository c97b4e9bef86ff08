"""An LMS that comes from LTI 1.1 says by which ids it knew people and links, and proves it (migration guide)."""

import json
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from passback.cli.platforms import platforms_group
from passback.db import Unscoped, db, tenant_session, unscoped
from passback.lti import debugger, lti11, records
from passback.lti.lti11_models import Lti11Key, Lti11Link, Lti11User
from passback.lti.models import ResourceLink
from passback.tenants import ensure_tenant
from passback.tracking.erasing import erase
from passback.tracking.holdings import find_person
from passback.tracking.models import Learner
from tests.support.lti import School

KEY, SECRET = "179248902", "my-lti11-secret"


def run(*arguments: str, given: str = "") -> Any:
    return CliRunner().invoke(platforms_group, ["lti11-key", *arguments], input=given or None)


@pytest.fixture
def migrated(school: School) -> School:
    """A school that had the tool under LTI 1.1, and whose key is known here."""
    assert run("add", KEY, "--secret", SECRET).exit_code == 0
    return told_by(school, KEY, SECRET)


def told_by(school: School, key: str, secret: str) -> School:
    school.tool = school.lms.tools.change(school.tool.id, former_key=key, former_secret=secret)
    return school


def mapped(school: School) -> tuple[list[str], list[str]]:
    with tenant_session(school.tenant_id) as session:
        users, links = (
            session.scalars(select(Lti11User.user_id)).all(),
            session.scalars(select(Lti11Link.former_id)).all(),
        )
    return sorted(users), sorted(links)


def worth(school: School) -> object:
    with unscoped(Unscoped.INSTALLATION) as session:
        return records.recent(session)[0].facts.get(lti11.FORMER)


def test_the_guides_own_example() -> None:
    """LTI 1.3 Migration Guide, the example of `oauth_consumer_key_sign`."""
    base = "179248902&689302&https://lmsvendor.com&PM48OJSfGDTAzAo&1551290856&172we8671fd8z"
    assert lti11.signature(base, SECRET) == "lWd54kFo5qU7xshAna6v8BwoBm6tmUjc6GTax6+12ps="
    claims = {
        "iss": "https://lmsvendor.com",
        "exp": 1551290856,
        "nonce": "172we8671fd8z",
        "https://purl.imsglobal.org/spec/lti/claim/deployment_id": "689302",
        lti11.CLAIM: {"oauth_consumer_key": KEY, "user_id": "34212"},
    }
    former = lti11.read_former(claims, "PM48OJSfGDTAzAo")
    assert former is not None
    assert (former.base, former.user_id, former.link_id) == (base, "34212", "")


def test_a_proven_launch_maps_the_person_and_the_link(migrated: School) -> None:
    for _twice in range(2):
        assert migrated.launch().reply.status == 303
    assert mapped(migrated) == ([f"old-{migrated.learner.id}"], [f"old-{migrated.link.id}"])
    assert worth(migrated) == "signed"
    with tenant_session(migrated.tenant_id) as session:
        learner, link = session.scalars(select(Learner.id)).one(), session.scalars(select(ResourceLink.id)).one()
        assert lti11.learners_of(session, KEY, f"old-{migrated.learner.id}") == [learner]
        assert lti11.links_of(session, KEY, f"old-{migrated.link.id}") == [link]
        assert lti11.learners_of(session, "another", f"old-{migrated.learner.id}") == []
    with unscoped(Unscoped.INSTALLATION) as session:
        story = debugger.tell(records.recent(session)[0])
    assert debugger.FORMERLY["signed"] in story.browser


def test_ids_that_are_the_same_as_before_may_be_left_out(school: School) -> None:
    former = lti11.Former(KEY, "", "", user_id="", link_id="")
    school.launch()
    with tenant_session(school.tenant_id, write=True) as session:
        learner, link = session.scalars(select(Learner)).one(), session.scalars(select(ResourceLink)).one()
        lti11.keep_user(session, former, learner.id, learner.subject)
        lti11.keep_link(session, former, link.id, link.link_id)
    assert mapped(school) == ([school.learner.id], [school.link.id])


@pytest.mark.parametrize(
    ("key", "secret", "said"),
    [(KEY, "another secret", "wrong signature"), (KEY, "", "unsigned"), ("unknown", SECRET, "unknown key")],
)
def test_what_is_not_proven_is_left_alone_and_on_record(migrated: School, key: str, secret: str, said: str) -> None:
    told_by(migrated, key, secret)
    assert migrated.launch().reply.status == 303, "the launch itself is as good as any"
    assert (mapped(migrated), worth(migrated)) == (([], []), said)


@pytest.mark.parametrize(
    "claim",
    [None, [], "x", {}, {"oauth_consumer_key": 7}, {"oauth_consumer_key": ""}, {"oauth_consumer_key": "\x00"}],
)
def test_a_garbled_claim_is_none(migrated: School, claim: object) -> None:
    assert migrated.launch(overrides={lti11.CLAIM: claim}).reply.status == 303
    assert (mapped(migrated), worth(migrated)) == (([], []), None)


@pytest.mark.parametrize("sign", [7, None, [], "x" * 300, "ü", "AAAA"])
def test_a_garbled_signature_proves_nothing(migrated: School, sign: object) -> None:
    claim = {"oauth_consumer_key": KEY, "user_id": "1", "oauth_consumer_key_sign": sign}
    assert migrated.launch(overrides={lti11.CLAIM: claim}).reply.status == 303
    assert mapped(migrated) == ([], [])


def test_another_launchs_signature_proves_nothing(migrated: School) -> None:
    """It is over the nonce, so it cannot be carried over to another launch."""
    claims = migrated.lms.claims(migrated.learner, migrated.link, nonce="earlier")
    assert migrated.launch(overrides={lti11.CLAIM: claims[lti11.CLAIM]}).reply.status == 303
    assert (mapped(migrated), worth(migrated)) == (([], []), "wrong signature")


def test_another_tenants_key_proves_nothing(school: School) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        ensure_tenant(session, "other")
    assert run("add", KEY, "--secret", SECRET, "--tenant", "other").exit_code == 0
    told_by(school, KEY, SECRET).launch()
    assert (mapped(school), worth(school)) == (([], []), "unknown key")


def test_a_teachers_launch_maps_the_link_only(migrated: School) -> None:
    migrated.launch(migrated.lms.instructor)
    assert mapped(migrated) == ([], [f"old-{migrated.link.id}"])


def test_the_mapping_goes_with_the_person(migrated: School) -> None:
    migrated.launch()
    with tenant_session(migrated.tenant_id, write=True) as session:
        person = find_person(session, f"lti:{migrated.platform_id}", migrated.learner.id)
        assert erase(session, person, by="test").removed["lti11_user"] == 1
    assert mapped(migrated) == ([], [f"old-{migrated.link.id}"])


class TestCommands:
    def test_secrets_are_asked_for_sealed_and_never_shown(self, school: School) -> None:
        assert run("add", KEY, given=f"{SECRET}\n").exit_code == 0
        rows = json.loads(run("list", "--json").stdout)
        assert [row["consumer_key"] for row in rows] == [KEY]
        with db.engine.connect() as connection:
            kept = "\n".join(connection.connection.iterdump())  # type: ignore[attr-defined]  # sqlite3's
        assert KEY in kept
        assert SECRET not in kept + str(rows)

    def test_a_key_gets_another_secret_and_is_forgotten(self, school: School) -> None:
        for secret in ("first", SECRET):
            assert run("add", KEY, "--secret", secret).exit_code == 0
        told_by(school, KEY, SECRET).launch()
        assert worth(school) == "signed"
        assert run("remove", KEY).exit_code == 0
        with tenant_session(school.tenant_id) as session:
            assert session.scalars(select(Lti11Key)).all() == []
        assert mapped(school)[0], "what was proven stays"
        assert getattr(run("remove", KEY).exception, "code", "") == "not_found"

    @pytest.mark.parametrize(("key", "secret"), [(" ", "x"), ("k" * 256, "x"), ("k", "x" * 256)])
    def test_what_is_no_key_is_refused(self, school: School, key: str, secret: str) -> None:
        assert getattr(run("add", key, "--secret", secret).exception, "code", "") == "lti11_key"
