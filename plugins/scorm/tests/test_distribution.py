"""What people get who install the plugin alone."""

import subprocess
import sys
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

HERE = Path(__file__).parents[1]


def test_the_wheel_holds_licence_readme_and_data(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(tmp_path), str(HERE)], check=True)
    (wheel,) = tmp_path.glob("passback_scorm-*.whl")
    with ZipFile(wheel) as packed:
        files = {name.partition("/")[2]: packed.read(name).decode() for name in packed.namelist() if "-info/" in name}
        held = set(packed.namelist())
    told = Parser().parsestr(files["METADATA"])
    assert (told["License-Expression"], told["License-File"]) == ("MIT", "LICENSE")
    assert files["licenses/LICENSE"].startswith("MIT License")
    assert told.get_payload() == (HERE / "README.md").read_text(encoding="utf-8")
    source = HERE / "src"
    wanted = {path.relative_to(source).as_posix() for path in source.rglob("*.*") if path.suffix != ".pyc"}
    assert wanted <= held


def test_the_licence_is_the_repositorys() -> None:
    assert (HERE / "LICENSE").read_bytes() == (HERE.parents[1] / "LICENSE").read_bytes()
