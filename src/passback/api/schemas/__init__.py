"""The shapes that the API, webhooks and the commands' `--json` speak: one noun a file, one function that makes each.

Ids are opaque: a client keeps and compares them and reads nothing out of them. No shape names a tenant or carries what
is personal beyond what its docstring says.
"""

from passback.api.schemas.attempt import Attempt, attempt_of
from passback.api.schemas.course import Activity, Course, CourseImported, PackageWarning, course_of, imported_of
from passback.api.schemas.delivery import Delivery, delivery_of
from passback.api.schemas.grade import Grade, grade_of
from passback.api.schemas.placement import Placement, placement_of
from passback.api.schemas.problem import Problem
from passback.api.schemas.registration import Registration, RegistrationReport, registration_of, report_of

SHAPES = (Course, CourseImported, Placement, Registration, RegistrationReport, Attempt, Grade, Delivery, Problem)
"""What the API's description names; what they are made of comes along."""

__all__ = [
    "SHAPES",
    "Activity",
    "Attempt",
    "Course",
    "CourseImported",
    "Delivery",
    "Grade",
    "PackageWarning",
    "Placement",
    "Problem",
    "Registration",
    "RegistrationReport",
    "attempt_of",
    "course_of",
    "delivery_of",
    "grade_of",
    "imported_of",
    "placement_of",
    "registration_of",
    "report_of",
]
