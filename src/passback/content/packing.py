"""Packs a course version's files into a package again, as they are stored and served."""

import shutil
import tempfile
import zipfile
from typing import IO

from passback.content.errors import FileMissingError
from passback.content.models import CourseVersion
from passback.content.storage import storage
from passback.content.storing import prefix_of
from passback.settings import MEBIBYTE


def pack(version: CourseVersion) -> IO[bytes]:
    """Return a ZIP of a version's files, at its beginning; small ones in memory, others on disk until it is closed.

    Raises:
        FileMissingError: its files are not in storage.
    """
    prefix = prefix_of(version.tenant_id, version.id)
    file = tempfile.SpooledTemporaryFile(max_size=8 * MEBIBYTE)  # noqa: SIM115 - whoever sends it closes it
    count = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for key in sorted(storage().names(prefix)):
            found = storage().find(key)
            if found is None:
                continue
            info = zipfile.ZipInfo(key.removeprefix(prefix), max(found.modified.timetuple()[:6], (1980, 1, 1, 0, 0, 0)))
            info.compress_type = zipfile.ZIP_DEFLATED
            with found.open() as source, package.open(info, "w", force_zip64=found.size > 2**31 - 1) as target:
                shutil.copyfileobj(source, target, MEBIBYTE)
            count += 1
    if not count:
        file.close()
        raise FileMissingError(f"version {version.id}")
    file.seek(0)
    return file
