"""The `passback` command. Every command has `--json`; each group lives in a file of its name."""

from passback.cli.main import main

__all__ = ["main"]
