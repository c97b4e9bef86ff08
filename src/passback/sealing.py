"""Tokens, hashes and encryption, all from the one secret key, each purpose with a key of its own."""

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from itsdangerous import BadData, URLSafeTimedSerializer

from passback.errors import PassbackError


class TokenError(PassbackError):
    """This link is not valid, or no longer."""

    code = "bad_token"
    status = 403
    advice = "Open the course from your LMS again."


class Sealer:
    """Makes and checks what only this installation can have made.

    Args:
        secret: the installation's secret key. Changing it invalidates every token and every sealed value.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._serializers: dict[str, URLSafeTimedSerializer] = {}
        self._fernets: dict[str, Fernet] = {}
        self._keys: dict[str, bytes] = {}

    def key(self, purpose: str) -> bytes:
        """Return 32 bytes that are this installation's for `purpose` only."""
        return hmac.digest(self._secret, b"passback:" + purpose.encode(), hashlib.sha256)

    def mac(self, purpose: str, text: str, *, length: int = 22) -> str:
        """Return a URL-safe message authentication code of `text`; 22 characters hold 132 bits."""
        if purpose not in self._keys:
            self._keys[purpose] = self.key(purpose)
        digest = hmac.digest(self._keys[purpose], text.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode()[:length]

    def sign(self, purpose: str, value: Any) -> str:
        """Return a signed, dated, readable token that carries the JSON value `value`."""
        return self._serializer(purpose).dumps(value)

    def verify(self, purpose: str, token: str, *, max_age: float) -> Any:
        """Return the value of a token made by `sign` for the same purpose, at most `max_age` seconds ago.

        Raises:
            TokenError: forged, damaged or too old.
        """
        try:
            return self._serializer(purpose).loads(token, max_age=int(max_age))
        except BadData as error:
            raise TokenError(type(error).__name__) from error

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        """Return the serializer of a purpose; purposes are few, and making one costs more than signing."""
        if purpose not in self._serializers:
            self._serializers[purpose] = URLSafeTimedSerializer(self.key(purpose))
        return self._serializers[purpose]

    def hide(self, purpose: str, value: Any) -> str:
        """Return a dated token that carries the JSON value `value` and that nobody but this installation can read."""
        text = json.dumps(value, separators=(",", ":"))
        return self._fernet(purpose).encrypt(text.encode()).decode().rstrip("=")

    def reveal(self, purpose: str, token: str, *, max_age: float) -> Any:
        """Return the value of a token made by `hide` for the same purpose, at most `max_age` seconds ago.

        Raises:
            TokenError: forged, damaged or too old.
        """
        padded = token.encode() + b"=" * (-len(token) % 4)
        try:
            return json.loads(self._fernet(purpose).decrypt(padded, ttl=int(max_age)))
        except (InvalidToken, UnicodeEncodeError) as error:
            raise TokenError(type(error).__name__) from error

    def seal(self, text: str) -> str:
        """Encrypt `text` for the database."""
        return self._fernet("seal").encrypt(text.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """Decrypt what `seal` made.

        Raises:
            TokenError: made with another secret key.
        """
        try:
            return self._fernet("seal").decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise TokenError("sealed with another secret key") from error

    def _fernet(self, purpose: str) -> Fernet:
        if purpose not in self._fernets:
            self._fernets[purpose] = Fernet(base64.urlsafe_b64encode(self.key(purpose)))
        return self._fernets[purpose]


def new_token() -> str:
    """Return 32 random bytes, URL-safe."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return what the database keeps of a random token: its SHA-256 (a random token needs no salt)."""
    return hashlib.sha256(token.encode()).hexdigest()
