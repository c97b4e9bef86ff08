"""The headers that keep a package in its place. The origin is the wall; these are the bars (design §8)."""

from collections.abc import Sequence
from typing import TypeVar

from werkzeug.wrappers import Response

from passback.runtime import runtime

SANDBOX = (
    "allow-scripts",
    "allow-same-origin",  # 14 of 22 real packages use storage, which an opaque origin refuses
    "allow-forms",
    "allow-popups",
    "allow-popups-to-escape-sandbox",  # a linked site opened in a new window has to work there
    "allow-modals",  # 21 of 22 call alert or confirm
    "allow-downloads",
    "allow-pointer-lock",
)
"""What a package may do. Never top navigation: a package must not lead the LMS's window elsewhere."""

ResponseT = TypeVar("ResponseT", bound=Response)


def contain(response: ResponseT, *, ancestors: Sequence[str] | None = ()) -> ResponseT:
    """Add the containment headers to a response of the content host and return it.

    Scripts are not restricted: inline scripts and eval are in 17 of 22 real packages, and the origin contains them.

    Args:
        ancestors: origins that may frame the page beside the app's and the content's own: the platform's. None leaves
            framing open, for files of a package: they are the same and cached for every platform, may not depend on
            which ones are registered today, and hold no authority that a foreign frame could make use of.
    """
    policy = f"sandbox {' '.join(SANDBOX)}"
    if ancestors is not None:
        settings, hosts = runtime().settings, runtime().hosts
        allowed = dict.fromkeys(("'self'", settings.url, hosts.content_ancestors(), *ancestors))
        policy = f"{policy}; frame-ancestors {' '.join(allowed)}"
    headers = response.headers
    headers["Content-Security-Policy"] = policy
    headers["Referrer-Policy"] = "strict-origin-when-cross-origin"  # YouTube plays, paths do not leak
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "unload=(self)"  # Chrome retires `unload`; 21 of 22 packages leave by it
    headers.pop("X-Frame-Options", None)
    return response
