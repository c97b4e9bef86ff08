"""The server's own limits."""

from pathlib import Path

from passback.server import Server
from passback.settings import Settings


def test_a_login_by_get_may_carry_a_long_message_hint(tmp_path: Path) -> None:
    server = Server(Settings(instance=tmp_path), host="127.0.0.1", workers=1, threads=1)
    assert server.cfg.limit_request_line == 8190
