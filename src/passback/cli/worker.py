"""`passback worker`: delivers and runs jobs without serving requests."""

import signal
import threading
from types import FrameType

import click
from flask import Flask

from passback.cli.output import answer, json_option
from passback.delivery import engine
from passback.runtime import runtime


@click.command("worker")
@click.option("--threads", type=click.IntRange(1, 64), help="Delivery threads; without it the settings' number.")
@json_option
@click.pass_obj
def worker_command(app: Flask, threads: int | None, as_json: bool) -> None:
    """Deliver and run jobs until stopped (SIGTERM, Ctrl-C); what is under way comes to its end first."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    running = engine.start(app, forced=True, threads=threads)
    count = threads or runtime().settings.engine_threads
    answer({"threads": count}, f"Delivering with {count} threads. Stop with Ctrl-C.", as_json=as_json)
    while not stopping.wait(5.0):
        if running is None or not running.is_alive():
            raise click.ClickException("A delivery thread has died; the log says why. Start the worker again.")
    click.echo("Stopping.", err=True)
    engine.stop(app)
