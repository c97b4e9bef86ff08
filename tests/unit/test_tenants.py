"""A tenant's short name, which is part of addresses."""

import pytest
from flask import Flask

from passback.db import Unscoped, unscoped
from passback.tenants import TenantNameError, ensure_tenant


@pytest.mark.parametrize("slug", ["", "a\nb", "../x", "a/b", "A", "-a", "a-", "a" * 64, "zoë", "a\0"])
def test_a_name_that_no_address_can_hold_is_refused(sqlite_app: Flask, slug: str) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session, pytest.raises(TenantNameError):
        ensure_tenant(session, slug)


@pytest.mark.parametrize("slug", ["a", "north-campus", "2", "a" * 63])
def test_a_plain_name_is_taken(sqlite_app: Flask, slug: str) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        assert ensure_tenant(session, slug).slug == slug
