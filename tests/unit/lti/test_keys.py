"""Our own keys: made once, sealed, published ahead, rotated, forgotten."""

import json
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet

from passback.clock import utc_now
from passback.db import Unscoped, tenant_session, unscoped
from passback.lti import keys
from passback.lti.key_jobs import tend_keys
from passback.tenants import ensure_tenant


def statuses() -> list[str]:
    with unscoped(Unscoped.INSTALLATION) as session:
        return sorted(key.status for key in keys.list_keys(session))


def key_set(client: FlaskClient) -> KeySet:
    return KeySet.import_key_set(json.loads(client.get("/lti/jwks").data))


def rotate(*, now: bool = False) -> str:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        return keys.rotate(session, now=now).kid


def test_what_we_sign_verifies_with_what_we_publish(app: Flask, client: FlaskClient) -> None:
    token = keys.sign({"a": 1})
    assert jwt.decode(token, key_set(client), algorithms=["RS256"]).claims == {"a": 1}


def test_the_key_set_is_public_only_and_may_be_kept(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/lti/jwks")
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    for key in answer.get_json()["keys"]:
        assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
        assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")


def test_private_keys_are_sealed(app: Flask) -> None:
    keys.sign({})
    with unscoped(Unscoped.INSTALLATION) as session:
        assert all("PRIVATE" not in key.private_key for key in keys.list_keys(session))


def test_a_first_key_is_made_whatever_the_session(app: Flask) -> None:
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        tenant_id = ensure_tenant(session).id
    with tenant_session(tenant_id) as session:
        kid = keys.signing_key(session).kid
    with tenant_session(tenant_id, write=True) as session:
        assert keys.signing_key(session).kid == kid
    assert statuses() == ["active", "next"]


def test_the_next_key_is_published_for_two_days_before_it_signs(app: Flask, client: FlaskClient) -> None:
    started = utc_now()
    with time_machine.travel(started, tick=False) as clock:
        keys.sign({})
        clock.move_to(started + timedelta(hours=47))
        with pytest.raises(keys.KeyTooYoungError):
            rotate()
        published = {key.kid for key in key_set(client).keys}
        clock.move_to(started + timedelta(hours=49))
        assert rotate() in published
        assert statuses() == ["active", "next", "retired"]


def test_a_leaked_key_is_replaced_at_once(app: Flask, client: FlaskClient) -> None:
    old = keys.sign({})
    active = rotate(now=True)
    assert jwt.decode(keys.sign({}), key_set(client), algorithms=["RS256"]).header["kid"] == active
    assert jwt.decode(old, key_set(client), algorithms=["RS256"]), "what was signed before still verifies"


def test_a_retired_key_is_published_for_14_days_and_then_deleted(app: Flask, client: FlaskClient) -> None:
    started = utc_now()
    with time_machine.travel(started, tick=False) as clock:
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            first = keys.signing_key(session).kid
        clock.move_to(started + timedelta(days=3))
        rotate()
        clock.move_to(started + timedelta(days=16, hours=23))
        assert first in {key.kid for key in key_set(client).keys}
        clock.move_to(started + timedelta(days=17, hours=1))
        assert first not in {key.kid for key in key_set(client).keys}
        rotate()
        assert statuses() == ["active", "next", "retired"]


def test_keys_rotate_by_themselves_every_90_days(sqlite_app: Flask) -> None:
    def _active() -> str:
        with unscoped(Unscoped.INSTALLATION, write=True) as session:
            return keys.signing_key(session).kid

    started = utc_now()
    with time_machine.travel(started, tick=False) as clock:
        tend_keys()
        assert statuses() == [], "keys are made when they are needed"
        first = _active()
        clock.move_to(started + timedelta(days=89))
        tend_keys()
        assert _active() == first
        clock.move_to(started + timedelta(days=90, hours=1))
        tend_keys()
        second = _active()
        assert second != first
        clock.move_to(started + timedelta(days=91))
        tend_keys()
        assert _active() == second, "not with every night"
        assert statuses() == ["active", "next", "retired"]
        clock.move_to(started + timedelta(days=105))
        tend_keys()
        assert statuses() == ["active", "next"], "a retired key goes after 14 days, without the next rotation"
        clock.move_to(started + timedelta(days=181))
        tend_keys()
        assert _active() not in {first, second}
