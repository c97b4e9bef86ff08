"""`passback run`: the tool itself."""

import click

from passback.cli.output import answer, json_option
from passback.cli.ports import check_free
from passback.db import Unscoped, db, unscoped
from passback.db.migrate import upgrade
from passback.plugins.migrations import histories
from passback.runtime import runtime
from passback.server import Server
from passback.staff.service import needs_first_administrator
from passback.web.sign_in import setup_url


@click.command("run")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Processes.")
@click.option(
    "--threads", type=click.IntRange(1), default=8, show_default=True, help="Threads for requests in each process."
)
@click.option("--migrate/--no-migrate", default=True, show_default=True, help="Bring the tables up to date first.")
@click.option("--certfile", type=click.Path(exists=True), help="TLS certificate, where no proxy speaks https.")
@click.option("--keyfile", type=click.Path(exists=True), help="TLS key.")
@click.option("--quiet", is_flag=True, help="Say nothing where all is well.")
@json_option
def run_command(
    *,
    host: str,
    workers: int,
    threads: int,
    migrate: bool,
    certfile: str | None,
    keyfile: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Start the tool on PASSBACK_PORT."""
    settings = runtime().settings
    check_free(host, settings.port)
    if migrate:
        upgrade(db.engine, histories(runtime().plugins))
    if not quiet:
        _say_hello(host, as_json=as_json)
    db.engine.dispose()  # no connection may be shared by the processes that follow
    Server(settings, host=host, workers=workers, threads=threads, certfile=certfile, keyfile=keyfile).run()


def _say_hello(host: str, *, as_json: bool) -> None:
    settings = runtime().settings
    with unscoped(Unscoped.INSTALLATION) as session:
        setup = setup_url() if needs_first_administrator(session) else ""
    text = f"Passback listens on {host}:{settings.port} as {settings.url}"
    first = f"\nMake the first administrator's account at {setup}" if setup else ""
    answer({"url": settings.url, "setup_url": setup or None}, text + first, as_json=as_json)
