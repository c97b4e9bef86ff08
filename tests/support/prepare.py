"""Installs and starts what the tests need and the machine lacks: Chromium and its driver, PostgreSQL, Redis.

Run by `make test`. What answers already is used as it is. As root on Debian and its kin, missing programs are
installed with apt; elsewhere the message says what to install by hand.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

POSTGRESQL_PORT = 5432
REDIS_PORT = 6379


def main() -> None:
    """Make sure of all three, and say what was found."""
    chromium = ensure_program("chromium", "chromium", ["chromium", "chromium-driver"])
    print(f"browser: {chromium}")
    print(f"PostgreSQL: {ensure_postgresql()}")
    print(f"Redis: {ensure_redis()}")


def ensure_program(name: str, also: str, packages: list[str]) -> str:
    """Return the path of a program, installed where it is missing."""
    found = shutil.which(name) or shutil.which(also)
    if found:
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"The tests need {name}. Install it (Debian: apt-get install {' '.join(packages)}) and run again.")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], check=True, env=environment
    )
    found = shutil.which(name) or shutil.which(also)
    if not found:
        sys.exit(f"{name} is still missing after installing {', '.join(packages)}.")
    return found


def ensure_postgresql() -> str:
    """Return how PostgreSQL is reached; one of our own is started where none answers."""
    if os.environ.get("PASSBACK_TEST_POSTGRESQL_URL"):
        return "PASSBACK_TEST_POSTGRESQL_URL"
    if answers(POSTGRESQL_PORT):
        return f"127.0.0.1:{POSTGRESQL_PORT} (was running)"
    programs = newest_postgresql() or (ensure_postgresql_package(), newest_postgresql())[1]
    if programs is None:
        sys.exit("PostgreSQL was installed, but its programs were not found below /usr/lib/postgresql.")
    if answers(POSTGRESQL_PORT):  # Debian's package starts a server of its own, which asks for passwords
        return f"127.0.0.1:{POSTGRESQL_PORT} (started by its package)"
    folder = Path(tempfile.mkdtemp(prefix="passback-postgresql-"))
    as_user = become_postgres(folder)
    initdb = [programs / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-N"]
    subprocess.run([*as_user, *map(str, initdb)], check=True, stdout=subprocess.DEVNULL)
    options = f"-c listen_addresses=127.0.0.1 -p {POSTGRESQL_PORT} -k {folder} -c fsync=off"
    start = [programs / "pg_ctl", "-D", folder / "data", "-l", folder / "log", "-o", options, "-w", "start"]
    subprocess.run([*as_user, *map(str, start)], check=True, stdout=subprocess.DEVNULL)
    return f"127.0.0.1:{POSTGRESQL_PORT} (started in {folder})"


def ensure_postgresql_package() -> None:
    """Install the server without letting Debian start a cluster that would ask for passwords."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        config = Path("/etc/postgresql-common/createcluster.conf")
        config.parent.mkdir(parents=True, exist_ok=True)
        if not config.exists():
            config.write_text("create_main_cluster = false\n", encoding="ascii")
    ensure_program("pg_ctl", "pg_ctlcluster", ["postgresql"])


def newest_postgresql() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs."""
    on_path = shutil.which("pg_ctl")
    if on_path:
        return Path(on_path).parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def become_postgres(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: hand the folder to its own user and run as that."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres", "postgres")
    return ["runuser", "-u", "postgres", "--"]


def ensure_redis() -> str:
    """Return how Redis is reached; one of our own is started where none answers."""
    if answers(REDIS_PORT):
        return f"127.0.0.1:{REDIS_PORT} (was running)"
    program = ensure_program("redis-server", "valkey-server", ["redis-server"])
    if not answers(REDIS_PORT):
        save = ["--save", "", "--appendonly", "no", "--daemonize", "yes"]
        subprocess.run([program, "--bind", "127.0.0.1", "--port", str(REDIS_PORT), *save], check=True)
    return f"127.0.0.1:{REDIS_PORT} (started)"


def answers(port: int) -> bool:
    """Say whether something listens on a local port, with a moment's patience for one that is just starting."""
    for _attempt in range(2):
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.2)
    return False


if __name__ == "__main__":
    main()
