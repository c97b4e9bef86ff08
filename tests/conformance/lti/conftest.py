"""The scratch installation that the cases run against, the same as `passback certify` makes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from passback.testing.certification import Installation, open_installation


@pytest.fixture(scope="package")
def installation(migrated_sqlite: Path) -> Iterator[Installation]:
    """A tool and a practice LMS; each case makes a tenant of its own there."""
    with open_installation(make_database=lambda folder: shutil.copy(migrated_sqlite, folder)) as made:
        yield made
