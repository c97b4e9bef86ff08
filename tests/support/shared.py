"""The folder of shared test data beside the checkout: real packages, conformance cases. Tests skip without it."""

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("PASSBACK_SHARED", Path(__file__).parents[2].parent / "shared"))


def shared_path(name: str) -> Path:
    """Return the path of a shared file; the test is skipped, saying so, where it is missing."""
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"the shared test data has no {name} (looked in {ROOT}; set PASSBACK_SHARED)")
    return path
