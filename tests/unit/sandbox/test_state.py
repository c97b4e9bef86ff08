"""What outlives a restart, and what several at once do to it."""

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from passback.sandbox.app import create_sandbox
from passback.sandbox.core import BrokenStateError, SandboxConfig
from passback.sandbox.platform import Platform
from tests.unit.sandbox.conftest import Lms


def test_a_restart_keeps_tools_links_keys_and_grades(make_lms: Callable[..., Lms], tmp_path: Path) -> None:
    path = tmp_path / "lms" / "state.json"
    lms = make_lms(state_file=path)
    lms.score("4", 8, comment="ok 🦉")
    lms.platform.registration.register(f"Bearer {lms.platform.registration.token()}", REGISTRATION)
    before = lms.platform.make_id_token(lms.platform.learners[0], lms.link)
    again = Platform(lms.platform.config)
    assert again.tools.all() == lms.platform.tools.all()
    assert again.links.of_course("2") == [lms.link]
    result = again.gradebook.result(lms.column, "4")
    assert result == lms.platform.gradebook.result(lms.column, "4")
    assert result is not None
    assert (result.score, result.comment) == (80, "ok 🦉")
    assert again.keys.current().kid == lms.platform.keys.current().kid
    assert before.partition(".")[0] == again.make_id_token(again.learners[0], lms.link).partition(".")[0]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert create_sandbox(lms.platform.config).secret_key == lms.app.secret_key


def test_without_a_file_nothing_is_kept() -> None:
    assert Platform(replace(SandboxConfig(), state_file=None)).tools.all() == []


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'{"secret": 1}'])
def test_a_broken_file_is_named_and_left_alone(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(broken)
    with pytest.raises(BrokenStateError, match=r"state\.json"):
        Platform(SandboxConfig(state_file=path))
    assert path.read_bytes() == broken


def test_many_at_once_lose_nothing(lms: Lms) -> None:
    people = [lms.platform.add_user(f"Learner {number}") for number in range(40)]
    lms.token()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: lms.score(one.id, 5).status_code, people))
    assert set(answers) == {200}
    assert len(lms.platform.gradebook.results(lms.column)) == 40


REGISTRATION = b"""{"response_types": ["id_token"], "initiate_login_uri": "http://t.test/login",
"client_name": "Second", "redirect_uris": ["http://t.test/launch"], "jwks_uri": "http://t.test/jwks",
"token_endpoint_auth_method": "private_key_jwt", "https://purl.imsglobal.org/spec/lti-tool-configuration":
{"domain": "t.test", "target_link_uri": "http://t.test/launch"}}"""
