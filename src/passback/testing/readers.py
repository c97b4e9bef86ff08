"""Opens packages as importers get them: with the reader and the limits of a real upload."""

import io

from passback.content.package import ZipPackage
from passback.plugin import PackageReader
from passback.settings import PackageLimits


def open_package(data: bytes, name: str = "course.zip") -> PackageReader:
    """Return a reader for a ZIP's bytes.

    Raises:
        PackageError: no package may be like that; see `packages.hostile_packages`.
    """
    return ZipPackage(io.BytesIO(data), name, PackageLimits())
