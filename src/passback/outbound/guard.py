"""Which addresses outbound calls may reach: a check of the address that is connected to, not of the name."""

import ipaddress
import socket
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from passback.outbound.errors import OutboundError, OutboundRefusedError

DEFAULT_PORTS = {"http": 80, "https": 443}
_TRANSLATED = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
"""NAT64 (RFC 6052) and IPv4-compatible addresses: "global", and a gateway takes them to the IPv4 address inside."""


def authority(url: str) -> str:
    """Return a URL's host, with the port where it is not the scheme's own: what an approval names.

    Raises:
        OutboundRefusedError: not an absolute http or https URL, or one with credentials, blanks or control characters.
    """
    if not url.isprintable() or " " in url:  # urlsplit drops line breaks and tabs; who calls or keeps the URL would not
        raise OutboundRefusedError("not a URL")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise OutboundRefusedError("not a URL") from error
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.username or parts.password:
        raise OutboundRefusedError("not an http or https URL")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname.rstrip(".")
    return host if port in {None, DEFAULT_PORTS[parts.scheme]} else f"{host}:{port}"


def is_approved(url: str, approved: Collection[str]) -> bool:
    """Say whether an approval covers the URL's host and port; a host without a port means the default ports."""
    return authority(url) in {one.lower() for one in approved}


def permitted_address(host: str, port: int, *, private: bool) -> str:
    """Resolve `host` and return an address that may be called.

    Args:
        private: addresses that are not public are permitted too (an approved host); link-local and multicast
            addresses never are: cloud metadata services live there.

    Raises:
        OutboundRefusedError: any of its addresses is forbidden (a name with mixed answers is an attack or a mistake).
        OutboundError: the name does not resolve.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutboundError(f"{host} does not resolve") from error
    addresses = [str(entry[4][0]) for entry in found]
    for text in addresses:
        if not _permitted(ipaddress.ip_address(text.partition("%")[0]), private=private):
            raise OutboundRefusedError(f"{host} resolves to an address that is not public")
    return addresses[0]


def _permitted(address: ipaddress.IPv4Address | ipaddress.IPv6Address, *, private: bool) -> bool:
    inner = _inner(address)
    if inner.is_link_local or inner.is_multicast or inner.is_unspecified:
        return False
    return private or (inner.is_global and address.is_global)


def _inner(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for, else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if any(address in network for network in _TRANSLATED):
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address


class _Checked:
    """Connects to an address that was checked a moment ago, so that no second look-up can answer differently."""

    private = False
    _dns_host: str
    port: int

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        self._dns_host = permitted_address(name, self.port, private=self.private)
        try:
            return super()._new_conn()  # type: ignore[misc,no-any-return]  # urllib3's, by the mixin's other base
        finally:
            self._dns_host = name  # TLS and the Host header go on with the name


class _PublicHttp(_Checked, HTTPConnection):
    pass


class _PublicHttps(_Checked, HTTPSConnection):
    pass


class _ApprovedHttp(_Checked, HTTPConnection):
    private = True


class _ApprovedHttps(_Checked, HTTPSConnection):
    private = True


class _PublicHttpPool(HTTPConnectionPool):
    ConnectionCls = _PublicHttp


class _PublicHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicHttps


class _ApprovedHttpPool(HTTPConnectionPool):
    ConnectionCls = _ApprovedHttp


class _ApprovedHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _ApprovedHttps


class GuardedAdapter(HTTPAdapter):
    """A transport whose connections are checked.

    Args:
        private: for approved hosts; public and approved calls never share a pooled connection.
    """

    def __init__(self, *, private: bool) -> None:
        self._private = private
        super().__init__(pool_connections=32, pool_maxsize=16, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make pools that open checked connections only."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = (
            {"http": _ApprovedHttpPool, "https": _ApprovedHttpsPool}
            if self._private
            else {"http": _PublicHttpPool, "https": _PublicHttpsPool}
        )
