"""The headers of design section 8, word for word."""

from flask import Flask, Response

from passback.content.containment import contain

SANDBOX = (
    "sandbox allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox allow-modals "
    "allow-downloads allow-pointer-lock"
)


def test_a_page_may_be_framed_by_app_content_and_platform_only(sqlite_app: Flask) -> None:
    headers = contain(Response(), ancestors=("https://lms.example",)).headers
    assert headers["Content-Security-Policy"] == (
        f"{SANDBOX}; frame-ancestors 'self' http://localhost:8000 http://*.localhost:8000 https://lms.example"
    )


def test_without_a_platform_by_app_and_content(sqlite_app: Flask) -> None:
    policy = contain(Response()).headers["Content-Security-Policy"]
    assert policy == f"{SANDBOX}; frame-ancestors 'self' http://localhost:8000 http://*.localhost:8000"


def test_a_package_file_is_sandboxed_and_depends_on_no_platform(sqlite_app: Flask) -> None:
    headers = contain(Response(headers={"X-Frame-Options": "DENY"}), ancestors=None).headers
    assert headers["Content-Security-Policy"] == SANDBOX
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Permissions-Policy"] == "unload=(self)"
    assert "X-Frame-Options" not in headers
