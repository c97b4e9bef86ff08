"""Typed settings: the environment (`PASSBACK_…`) first, then `instance/config.toml`, then these defaults."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

MEBIBYTE = 1024 * 1024


class PackageLimits(BaseSettings):
    """What an uploaded package may at most be; a package beyond any of these is refused with a clear message."""

    model_config = SettingsConfigDict(env_prefix="PASSBACK_PACKAGE_")

    max_bytes: int = Field(default=2048 * MEBIBYTE, description="size of the uploaded file, in bytes")
    max_unpacked_bytes: int = Field(default=8192 * MEBIBYTE, description="sum of all unpacked files, in bytes")
    max_file_bytes: int = Field(default=4096 * MEBIBYTE, description="one unpacked file, in bytes")
    max_files: int = Field(default=50_000, description="number of files")
    max_ratio: int = Field(default=200, description="unpacked : packed, judged once 64 MiB are unpacked")


class OidcSettings(BaseSettings):
    """Sign-in of the installation's staff by OpenID Connect; off while `issuer` is empty."""

    model_config = SettingsConfigDict(env_prefix="PASSBACK_OIDC_")

    issuer: str = Field(default="", description="issuer URL; its discovery document is fetched from below it")
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    label: str = Field(default="your organisation", description="what the sign-in button says")


class Settings(BaseSettings):
    """Everything an operator can set. URLs are stored without a trailing slash."""

    model_config = SettingsConfigDict(env_prefix="PASSBACK_", extra="ignore", populate_by_name=True)

    url: str = Field(default="http://localhost:8000", description="where people sign in and LMSs launch")
    content_url: str = Field(
        default="http://*.localhost:8000",
        description="where packages run: another origin than `url`; `*` becomes one label per course version",
    )
    former_urls: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="addresses that `url` had before, separated by commas: links that LMSs keep still work",
    )
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on")
    instance: Path = Field(default=Path("instance"), description="folder of local data")
    database_url: str = Field(default="", description="SQLAlchemy URL; empty: SQLite in the instance folder")
    storage_url: str = Field(default="", description="file:// URL; empty: `storage` in the instance folder")
    secret_key: SecretStr = Field(default=SecretStr(""), description="empty: made once, kept in the instance folder")
    environment: Literal["development", "production"] = "development"
    plugins: str = Field(default="", description="empty: all installed; `off`; or names separated by commas")
    plugins_dir: Path | None = Field(default=None, description="folder of plugins of one file each; empty: none")
    skip_failed_plugins: bool = Field(default=False, description="start without the plugins that fail to load")
    engine: Literal["embedded", "off"] = Field(default="embedded", description="`off`: another process delivers")
    engine_threads: int = Field(default=2, ge=1, le=64, description="delivery threads in each process")
    approved_hosts: list[str] = Field(
        default_factory=list, description="hosts outbound calls may reach although they are private"
    )
    ca_bundle: str = Field(default="", description="file of CA certificates for outbound calls; empty: the usual ones")
    log_format: Literal["console", "json"] = "console"
    trusted_proxies: int = Field(default=0, ge=0, description="reverse proxies in front that set X-Forwarded-*")
    session_idle_minutes: int = Field(
        default=30, ge=1, description="a session closes after so long without a sign of life"
    )
    accel_prefix: str = Field(
        default="",
        description="internal location of nginx that serves the storage folder (X-Accel-Redirect); docs/serving.md",
    )
    packages: PackageLimits = Field(default_factory=PackageLimits)
    oidc: OidcSettings = Field(default_factory=OidcSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        instance = env_settings().get("instance") or init_settings().get("instance") or "instance"
        config = TomlConfigSettingsSource(settings_cls, toml_file=Path(instance) / "config.toml")
        return init_settings, env_settings, dotenv_settings, config, file_secret_settings

    @field_validator("former_urls", mode="before")
    @classmethod
    def _separate(cls, value: object) -> object:
        return value.replace(",", " ").split() if isinstance(value, str) else value

    @field_validator("former_urls")
    @classmethod
    def _are_origins(cls, value: list[str]) -> list[str]:
        return [cls._is_an_origin(one) for one in value]

    @field_validator("url", "content_url")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/"):
            msg = f"{value!r} is not an origin such as https://passback.example.org (scheme, host and port only)"
            raise ValueError(msg)
        return value.rstrip("/")

    @model_validator(mode="after")
    def _fill_in(self) -> Self:
        if self.content_url == self.url:
            msg = "PASSBACK_CONTENT_URL must be another origin than PASSBACK_URL: packages are not to be trusted"
            raise ValueError(msg)
        self.instance = self.instance.absolute()
        if not self.database_url:
            self.database_url = f"sqlite:///{self.instance / 'passback.sqlite3'}"
        if self.database_url.startswith(("postgres://", "postgresql://")):
            self.database_url = "postgresql+psycopg://" + self.database_url.split("://", 1)[1]
        if not self.storage_url:
            self.storage_url = (self.instance / "storage").as_uri()
        if not self.secret_key.get_secret_value():
            self.secret_key = SecretStr(_kept_secret(self.instance / "secret_key"))
        return self

    @property
    def secure(self) -> bool:
        """True where the tool is reached by https, so that cookies get the `__Host-` prefix."""
        return self.url.startswith("https://")


def _kept_secret(path: Path) -> str:
    """Return the secret in `path`, which is made on first use, readable by its owner only.

    It is there whole or not at all: an empty one would be a key that everybody knows.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        part = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first: its key is read below
            os.link(part, path)
        part.unlink()
    secret = path.read_text(encoding="ascii").strip()
    if not secret:
        msg = f"{path} is empty. Put the key back from the backup; where nothing was recorded yet, remove the file."
        raise ValueError(msg)
    return secret
