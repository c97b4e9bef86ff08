"""Who holds a capability may read one course version for a term, and nothing else."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passback.content.capability import check, issue
from passback.content.errors import CapabilityError
from passback.sealing import Sealer

SEALER = Sealer("secret")
TENANT, VERSION = uuid4(), uuid4()
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=14)))
def test_a_capability_holds_for_two_weeks_at_least(now: datetime, later: timedelta) -> None:
    allowed = check(SEALER, issue(SEALER, TENANT, VERSION, now), now + later - timedelta(microseconds=1))
    assert (allowed.tenant_id, allowed.version_id) == (TENANT, VERSION)
    assert allowed.expires > now


@given(INSTANTS)
def test_and_for_a_quarter_and_two_weeks_at_most(now: datetime) -> None:
    text = issue(SEALER, TENANT, VERSION, now)
    with pytest.raises(CapabilityError):
        check(SEALER, text, now + timedelta(days=92 + 14, hours=1))
    with pytest.raises(CapabilityError):
        check(SEALER, text, now - timedelta(days=92, hours=2))


def test_it_is_the_same_all_term_long_so_that_browsers_keep_files() -> None:
    first, last = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert issue(SEALER, TENANT, VERSION, first) == issue(SEALER, TENANT, VERSION, last)
    assert issue(SEALER, TENANT, VERSION, first) != issue(SEALER, TENANT, VERSION, last + timedelta(seconds=1))


def test_the_end_of_the_grace_to_the_second() -> None:
    text = issue(SEALER, TENANT, VERSION, datetime(2026, 11, 5, tzinfo=UTC))
    end = datetime(2027, 1, 15, tzinfo=UTC)
    assert check(SEALER, text, end - timedelta(seconds=1)).expires == end
    with pytest.raises(CapabilityError, match="expired"):
        check(SEALER, text, end)


def test_a_server_whose_clock_is_behind_takes_the_next_terms() -> None:
    text = issue(SEALER, TENANT, VERSION, datetime(2027, 1, 1, tzinfo=UTC))
    assert check(SEALER, text, datetime(2026, 12, 31, 23, 30, tzinfo=UTC))


@given(st.data())
def test_no_changed_capability_is_taken(data: st.DataObject) -> None:
    now = datetime(2026, 11, 5, tzinfo=UTC)
    text = issue(SEALER, TENANT, VERSION, now)
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.characters(codec="ascii", exclude_characters=text[at])) + text[at + 1 :]
    with pytest.raises(CapabilityError):
        check(SEALER, changed, now)


@given(st.text(max_size=100))
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(CapabilityError):
        check(SEALER, text, datetime(2026, 11, 5, tzinfo=UTC))


def test_another_installation_or_tenant_or_version_has_another() -> None:
    now = datetime(2026, 11, 5, tzinfo=UTC)
    with pytest.raises(CapabilityError, match="forged"):
        check(SEALER, issue(Sealer("other"), TENANT, VERSION, now), now)
    texts = {issue(SEALER, *ids, now) for ids in ((TENANT, VERSION), (TENANT, uuid4()), (uuid4(), VERSION))}
    assert len(texts) == 3
