"""Faults of our own in a page that an LMS opens: a page with a code, and the record that is found by it."""

import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from passback.errors import PassbackError
from passback.lti import errors, pages, records
from passback.lti.attempt import attempt

log = structlog.get_logger(__name__)


def on_record(blueprint: Blueprint, check: str) -> None:
    """Have every fault of a blueprint's views explained and recorded.

    Args:
        check: what was under way, as the record calls it (`debugger.PAGES`), unless the view says otherwise.
    """

    def explain(error: Exception) -> Response | HTTPException:
        if isinstance(error, HTTPException):
            return error
        attempt().check = attempt().check or check
        return explain_fault(error)

    blueprint.register_error_handler(Exception, explain)


def explain_fault(error: Exception) -> Response:
    """Answer a fault of our own with the code under which the log and the record have it."""
    # The route, not the path: there are tokens in paths.
    log.exception("lti.fault", launch=attempt().code, route=str(request.url_rule))
    fault = errors.LaunchFaultError(type(error).__name__)
    try:
        record(fault)
    except Exception:  # the fault may be the database's
        log.exception("lti.fault_not_recorded", launch=attempt().code)
    return pages.refusal(fault, attempt())


def record(error: PassbackError) -> None:
    """Write down what stopped the request that is under way."""
    under_way = attempt()
    records.refused(
        under_way.code,
        error.code,
        detail=error.detail,
        check=under_way.check,
        passed=under_way.passed,
        platform_id=under_way.platform.id if under_way.platform else None,
        tenant_id=under_way.tenant_id,
        state_hash=under_way.state_hash,
        facts=under_way.facts,
        verdict=records.FAILED if isinstance(error, errors.LaunchFaultError) else records.REFUSED,
    )
