"""Tokens, hashes and encryption, all from the one secret key, each purpose with a key of its own."""

import base64
import hashlib
import hmac
import secrets
from functools import cached_property
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

    def key(self, purpose: str) -> bytes:
        """Return 32 bytes that are this installation's for `purpose` only."""
        return hmac.digest(self._secret, b"passback:" + purpose.encode(), hashlib.sha256)

    def mac(self, purpose: str, text: str, *, length: int = 22) -> str:
        """Return a URL-safe message authentication code of `text`; 22 characters hold 132 bits."""
        digest = hmac.digest(self.key(purpose), text.encode(), hashlib.sha256)
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

    def seal(self, text: str) -> str:
        """Encrypt `text` for the database."""
        return self._fernet.encrypt(text.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """Decrypt what `seal` made.

        Raises:
            TokenError: made with another secret key.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise TokenError("sealed with another secret key") from error

    @cached_property
    def _fernet(self) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self.key("seal")))


def new_token() -> str:
    """Return 32 random bytes, URL-safe."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return what the database keeps of a random token: its SHA-256 (a random token needs no salt)."""
    return hashlib.sha256(token.encode()).hexdigest()
