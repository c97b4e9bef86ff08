"""What every service call goes through: the log and the faults on purpose."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Response, request

from passback.sandbox.faults import Fault
from passback.sandbox.requestlog import LoggedRequest
from passback.sandbox.web import platform

Arguments = ParamSpec("Arguments")
DROP = "practice_lms.drop"


def service(
    area: str,
) -> Callable[[Callable[Arguments, Response]], Callable[Arguments, Response]]:
    """Mark a view as a service of `area`: its requests are logged and meet the faults queued for it."""

    def _decorate(view: Callable[Arguments, Response]) -> Callable[Arguments, Response]:
        @wraps(view)
        def _served(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Response:
            request.get_data(cache=True)  # before any form parsing, so that the log has the body too
            fault = platform().faults.take(area)
            if fault is None:
                response = view(*args, **kwargs)
            elif fault.link is not None or fault.relabel:
                response = _relabel(view(*args, **kwargs), fault)
            else:
                if fault.commit:
                    view(*args, **kwargs)
                response = _fail(fault)
            _log(area, response, faulty=fault is not None)
            return response

        return _served

    return _decorate


def _relabel(response: Response, fault: Fault) -> Response:
    """Give a right answer a Link header or a Content-Type of the fault's."""
    if fault.link is not None:
        response.headers.pop("Link", None)
    if fault.link:
        response.headers["Link"] = fault.link
    if fault.relabel:
        response.headers["Content-Type"] = fault.relabel
    return response


def _fail(fault: Fault) -> Response:
    if fault.revoke_tokens:
        platform().tokens.revoke_all()
    if fault.hang_seconds:
        platform().faults.stopping.wait(fault.hang_seconds)
    if fault.drop or fault.hang_seconds:
        request.environ[DROP] = True
    response = Response(fault.body, fault.status, content_type=fault.content_type)
    if fault.retry_after is not None:
        response.headers["Retry-After"] = str(fault.retry_after)
    if fault.location:
        response.headers["Location"] = fault.location
    if fault.cache_control:
        response.headers["Cache-Control"] = fault.cache_control
    return response


def _log(area: str, response: Response, *, faulty: bool) -> None:
    platform().log.add(
        LoggedRequest(
            at=platform().clock.now(),
            area=area,
            method=request.method,
            path=request.path,
            query=request.query_string.decode(errors="replace"),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.get_data(as_text=True),
            status=response.status_code,
            reason=response.status.partition(" ")[2],
            fault=faulty,
        )
    )


class Dropper:
    """Closes the connection without an answer where a fault asks for it: the server drops what raises this."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        held: list[tuple[str, list[tuple[str, str]]]] = []

        def _hold(status: str, headers: list[tuple[str, str]], _error: object = None) -> Callable[[bytes], object]:
            held.append((status, headers))
            return lambda _data: None

        answer = self._app(environ, _hold)
        if environ.get(DROP):
            raise ConnectionResetError("closed on purpose")
        start_response(*held[-1])
        return answer
