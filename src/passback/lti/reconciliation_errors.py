"""What can stop a course from being compared with its gradebook. The newest report says it."""

from passback.errors import PassbackError, Side


class ReconciliationUnderWayError(PassbackError):
    """This course is being compared with its gradebook already."""

    code = "reconciliation_under_way"
    status = 409
    side = Side.TOOL
    advice = "Wait until that is done; the course's page shows how far it is."


class ResultsNotOfferedError(PassbackError):
    """The LMS does not let Passback read this course's gradebook."""

    code = "results_not_offered"
    status = 409
    side = Side.LMS
    advice = (
        "The administrator of the LMS allows the tool to read results (in Moodle: “Use this service for grade sync and "
        "column management”); then somebody opens the course once. Until then Passback knows what the LMS has accepted "
        "and cannot tell what its gradebook shows."
    )
