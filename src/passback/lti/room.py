"""What the LTI room brings to the application."""

from flask import Flask

from passback.hosts import HostSide, mount
from passback.lti.ags import init_ags
from passback.lti.check_routes import check
from passback.lti.config_routes import config
from passback.lti.course_grades import grades
from passback.lti.course_routes import course
from passback.lti.notice_routes import notices
from passback.lti.picker_routes import picker
from passback.lti.privacy_routes import privacy
from passback.lti.registration_routes import registration
from passback.lti.review_routes import review
from passback.lti.routes import lti


def mount_lti(app: Flask) -> None:
    """Answer LMSs on the app's host."""
    mount(app, lti, HostSide.APP, url_prefix="/lti")
    mount(app, check, HostSide.APP, url_prefix="/lti")
    mount(app, registration, HostSide.APP, url_prefix="/lti")
    mount(app, config, HostSide.APP, url_prefix="/lti/config")
    mount(app, picker, HostSide.APP, url_prefix="/lti/pick")
    mount(app, course, HostSide.APP, url_prefix="/lti/course")
    mount(app, grades, HostSide.APP, url_prefix="/lti/course")
    mount(app, notices, HostSide.APP, url_prefix="/lti")
    mount(app, review, HostSide.APP, url_prefix="/lti/review")
    mount(app, privacy, HostSide.APP, url_prefix="/lti/privacy")
    init_ags(app)
