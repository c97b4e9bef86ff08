"""Runs every module of this folder that has `run() -> list[Measure]`, or those named; fails where a limit is broken."""

import importlib
import pkgutil
import sys

import bench
from bench.measure import Measure


def main(wanted: list[str]) -> int:
    """Print `name  ratio  limit` of every measure; return 1 where one is beyond its limit."""
    names = [found.name for found in pkgutil.iter_modules(bench.__path__) if found.name not in {"__main__", "measure"}]
    measures: list[Measure] = []
    for name in sorted(names):
        run = getattr(importlib.import_module(f"bench.{name}"), "run", None)
        if run is not None and (not wanted or name in wanted):
            measures += run()
    width = max((len(one.name) for one in measures), default=4)
    print(f"{'name':{width}}  ratio  limit")
    for one in measures:
        print(f"{one.name:{width}}  {one.ratio:5.2f}  {one.limit:5.2f}{'' if one.holds else '  TOO SLOW'}")
    return 0 if all(one.holds for one in measures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
