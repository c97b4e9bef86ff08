"""Imports every room's models, so that the metadata is complete (for migrations and for tests of all tables)."""

from passback.content import models as content
from passback.delivery import models as delivery
from passback.lti import diagnosis_models as diagnosis
from passback.lti import lti11_models as lti11
from passback.lti import models as lti
from passback.lti import notice_models as notices
from passback.lti import reconciliation_models as reconciliation
from passback.lti import roster_models as roster
from passback.player import models as player
from passback.plugins import models as plugins
from passback.staff import models as staff
from passback.tenants import Tenant
from passback.tracking import models as tracking

__all__ = [
    "Tenant",
    "content",
    "delivery",
    "diagnosis",
    "lti",
    "lti11",
    "notices",
    "player",
    "plugins",
    "reconciliation",
    "roster",
    "staff",
    "tracking",
]
