"""Headers of the pages that an LMS frames: who may frame them, and that nothing foreign runs in them."""

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from flask import Response, request

from passback.lti.models import Platform
from passback.lti.profiles import profile_for
from passback.runtime import runtime

ANYONE = ("*",)
"""For pages that hold nothing and offer nothing, such as "this LMS is not registered"."""


def origin_of(url: str) -> str:
    """Return scheme, host and port of a web address, "" where it is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host or not host.isascii() or set(host) & set(" ;,'\""):
        return ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def ancestors(platform: Platform, *urls: str) -> tuple[str, ...]:
    """Return the origins that may frame a page for `platform`.

    Args:
        urls: other addresses that verified claims name. On Canvas the issuer is shared by every school, and the
            school's own host appears in the return URL only.
    """
    profile = profile_for(runtime().plugins.lms_profiles, platform.product, platform.issuer)
    own = _own_origins(platform.issuer, platform.auth_login_url, platform.token_url)
    hosted = (f"https://*.{domain}" for domain in profile.hosted_domains)
    return _unique([*own, *(origin_of(url) for url in urls), *hosted])


@lru_cache(maxsize=256)
def _own_origins(*urls: str) -> tuple[str, ...]:
    return _unique(origin_of(url) for url in urls)


def asking_origin() -> str:
    """Return the origin of the page that sent this request, as far as the browser says.

    It proves nothing and need not: it only adds the LMS's own host to the ancestors of the page that asks for a new
    tab, whose button does nothing that a link could not do.
    """
    return origin_of(request.headers.get("Origin", "") or request.headers.get("Referer", ""))


def frame(response: Response, sources: Iterable[str], *, reaches: str = "") -> Response:
    """Let `sources` frame the page, and only our own scripts and styles run in it.

    `reaches` is another origin that its scripts may ask.

    There is no `form-action`: Chromium applies it to redirects too, and the way on leads to the LMS, whose own
    sign-in may lead further. No `Cross-Origin-Opener-Policy`: it would cut a new tab from the page that opened it.
    """
    allowed = " ".join(sources) or "'none'"
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self' {reaches}; "
        f"base-uri 'none'; frame-ancestors {allowed}"
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


def _unique(sources: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(source for source in sources if source))
