"""A small OpenID provider on a port: what a school's or a company's sign-in does, and does wrong on request."""

import base64
import hashlib
import secrets
import time
from threading import Thread
from typing import Any, Self
from urllib.parse import urlencode

from flask import Flask, Response, abort, jsonify, redirect, request
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

from passback.sandbox.keys import new_key, sign

CLIENT = "passback-staff"
SECRET = "the client's secret"


class OidcProvider:
    """An OpenID provider that signs everybody in as `person`, without asking. A context manager.

    `change` holds claims to put in place of the right ones (None leaves a claim out); `key` signs; `alg` names how.
    `down` answers every call with 503. `asked` is what the tool sent to the authorization endpoint last.
    """

    def __init__(self) -> None:
        self.person: dict[str, Any] = {"sub": "u-1", "email": "ada@example.org", "email_verified": True}
        self.published = self.key = new_key("first")
        self.alg = "RS256"
        self.change: dict[str, Any] = {}
        self.discovery: dict[str, Any] = {}
        self.down = False
        self.asked: dict[str, str] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self._server = make_server("127.0.0.1", 0, self._app(), threaded=True)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def rotate(self, key: RSAKey) -> None:
        """Sign with another key from now on, and publish it."""
        self.key = self.published = key

    def _app(self) -> Flask:
        app = Flask(__name__)
        app.before_request(lambda: abort(503) if self.down else None)
        app.add_url_rule("/.well-known/openid-configuration", view_func=self._metadata)
        app.add_url_rule("/authorize", view_func=self._authorize)
        app.add_url_rule("/token", view_func=self._token, methods=["POST"])
        app.add_url_rule("/jwks", view_func=self._jwks)
        return app

    def _metadata(self) -> Response:
        found = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }
        return jsonify(found | self.discovery)

    def _authorize(self) -> Any:
        self.asked = request.args.to_dict()
        if self.asked.get("client_id") != CLIENT or self.asked.get("response_type") != "code":
            abort(400)
        code = secrets.token_urlsafe()
        self._codes[code] = self.asked
        return redirect(f"{self.asked['redirect_uri']}?{urlencode({'code': code, 'state': self.asked['state']})}")

    def _token(self) -> Any:
        """Exchange a code, once, for those who can show the secret and the verifier (RFC 7636 §4.6)."""
        who = request.authorization
        if who is None or (who.username, who.password) != (CLIENT, SECRET):
            return jsonify(error="invalid_client"), 401
        asked = self._codes.pop(request.form.get("code", ""), None)
        verifier = request.form.get("code_verifier", "").encode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=").decode()
        if (
            asked is None
            or (asked.get("code_challenge_method"), asked.get("code_challenge")) != ("S256", challenge)
            or request.form.get("redirect_uri") != asked["redirect_uri"]
        ):
            return jsonify(error="invalid_grant"), 400
        return jsonify(access_token=secrets.token_urlsafe(), token_type="Bearer", id_token=self._id_token(asked))

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked.get("nonce"),
        }
        claims |= self.person | self.change
        return sign({name: value for name, value in claims.items() if value is not None}, self.key, {"alg": self.alg})

    def _jwks(self) -> Response:
        return jsonify(keys=[self.published.as_dict(private=False)])
