"""`passback plugins` as a process of its own."""

import subprocess
import sys
from pathlib import Path


def test_plugins_are_told_of_the_end_of_the_process(tmp_path: Path, sqlite_url: str) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "last.py").write_text(
        "from passback.plugin import hookimpl\n@hookimpl\ndef shutdown(app):\n    print('goodbye from', app.name)\n"
    )
    environment = {
        "PASSBACK_INSTANCE": str(tmp_path),
        "PASSBACK_DATABASE_URL": sqlite_url,
        "PASSBACK_PLUGINS": "last",
        "PASSBACK_PLUGINS_DIR": str(tmp_path / "plugins"),
    }
    command = [sys.executable, "-m", "passback.cli", "plugins", "check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "goodbye from passback" in done.stdout
