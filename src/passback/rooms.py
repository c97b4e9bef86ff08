"""The rooms that the application is made of, in one list: what each mounts and what core brings as plugins."""

from flask import Flask

from passback.api.room import mount_api
from passback.content.room import mount_content
from passback.content.storing import CoreContent
from passback.delivery.builtin import CoreDelivery
from passback.lti.diagnosis_jobs import CoreDiagnosis
from passback.lti.key_jobs import CoreKeys
from passback.lti.profiles import LmsProfiles
from passback.lti.reconciliation_jobs import CoreReconciliation
from passback.lti.room import mount_lti
from passback.lti.roster_jobs import CoreRosters
from passback.lti.subscribing import CoreNotices
from passback.player.room import mount_player
from passback.tracking.ending import CoreTracking
from passback.tracking.grading import CoreGrading
from passback.web.room import mount_web

BUILTIN_PLUGINS: tuple[tuple[str, object], ...] = (
    ("content", CoreContent()),
    ("delivery", CoreDelivery()),
    ("diagnosis", CoreDiagnosis()),
    ("grading", CoreGrading()),
    ("keys", CoreKeys()),
    ("lms-profiles", LmsProfiles()),
    ("reconciliation", CoreReconciliation()),
    ("rosters", CoreRosters()),
    ("notices", CoreNotices()),
    ("tracking", CoreTracking()),
)


def mount_rooms(app: Flask) -> None:
    """Mount every room's blueprints."""
    mount_content(app)
    mount_player(app)
    mount_lti(app)
    mount_web(app)
    mount_api(app)
