"""Beyond the guide: claims of odd shapes, deployments, roles, people, targets (X16 to X22, X27, X29, X30)."""

import re
from typing import Any

from pydantic import JsonValue
from sqlalchemy import select

from passback.db import Unscoped, tenant_session, unscoped
from passback.errors import Side
from passback.lti.deployments import assign_deployment, list_deployments
from passback.sandbox import drive
from passback.sandbox.model import Link, User
from passback.sandbox.vocabulary import INSTITUTION, MEMBERSHIP, SUBMISSION_REVIEW_REQUEST
from passback.testing.certification.bench import ACCEPTED, ITEM, Bench, add_choice, open_bench
from passback.testing.certification.breaking import accepted, claims, refused, settings, without
from passback.testing.certification.installation import TOOL
from passback.testing.certification.model import Case
from passback.testing.certification.picking import answer_claims, pick
from passback.tracking.models import Learner, Registration

LONG = 256
OWN_CLAIMS: dict[str, JsonValue] = {"https://example.test/own": {"a": [1, None]}, "x": 1}
CANVAS_ERRORS: dict[str, JsonValue] = {"https://www.instructure.com/errors": {"errors": {"field": ["wrong"]}}}


# --- Deployments -----------------------------------------------------------------------------------------------------


def _unknown_deployment(bench: Bench) -> str:
    """Of a client that several institutions share, so that nobody knows whose it is."""
    bench.change_platform(tenant_id=None)
    answered = bench.refused(bench.launch().reply, "deployment_waiting", Side.TOOL)
    with unscoped(Unscoped.INSTALLATION, write=True) as session:
        waiting = [one for one in list_deployments(session, status="inbox") if one.platform_id == bench.platform_id]
        bench.expect(len(waiting) == 1, "it waits in the inbox, once")
        assign_deployment(session, waiting[0], bench.tenant_id, actor="certification")
    bench.opened(bench.launch().reply)
    return f"{answered}; accepted once an administrator had said whose it is"


def _foreign_deployment(bench: Bench) -> str:
    """A platform names the deployment of another registration's: it is a deployment of its own, and sees nothing."""
    other = open_bench(bench.installation)
    other.opened(other.launch().reply)
    deployment = other.tool.deployments[0]
    bench.opened(bench.launch(overrides={"deployment_id": deployment}).reply)
    bench.expect(other.traces() == other.found, "nothing recorded in the other tenant")
    return "accepted in its own tenant; the other tenant's rows untouched"


def _foreign_content(bench: Bench) -> str:
    """A launch names content of another tenant."""
    other = open_bench(bench.installation)
    custom = {ITEM: str(add_choice(other.tenant_id, "Secret title"))}
    reply = bench.launch(link=bench.lms.links.add(bench.lms.course.id, bench.tool.id, "Foreign", custom=custom)).reply
    bench.expect(reply.status == 200 and "not set up yet" in reply.text, f"“not set up yet”; answered {reply.status}")
    bench.expect("Secret title" not in reply.text, "nothing of the other tenant's on the page")
    with tenant_session(bench.tenant_id) as session:
        bench.expect(not session.scalars(select(Registration.id)).first(), "nobody registered")
    return "“not set up yet”; nothing of the other tenant's shown"


# --- People ----------------------------------------------------------------------------------------------------------


def _anonymous(bench: Bench) -> str:
    """A visitor without an account."""
    trip = drive.launch(bench.client, bench.lms, None, bench.link)
    bench.expect("nothing could be recorded for you" in trip.reply.text, "a page that says what is missing")
    answered = bench.refused(trip.reply, "subject_missing")
    bench.deliver()
    bench.expect(not bench.calls("score"), "no score sent")
    return answered


def _unicode_subject(bench: Bench) -> str:
    answered = bench.opened(bench.launch(overrides={"sub": "Zoë 名 🦉"}).reply)
    with tenant_session(bench.tenant_id) as session:
        found = session.scalars(select(Learner.subject)).one()
    bench.expect(found == "Zoë 名 🦉", f"the very same subject; found {found!r}")
    return answered


# --- Targets ---------------------------------------------------------------------------------------------------------


def _target_with_query(bench: Bench) -> str:
    """The claim is read; the redirect URI stays the one that is registered."""
    trip = bench.launch(overrides={"target_link_uri": f"{TOOL}/lti/launch?item=1"})
    bench.expect(trip.asked["redirect_uri"] == f"{TOOL}/lti/launch", "the one redirect URI")
    return bench.opened(trip.reply)


# --- Deep linking ----------------------------------------------------------------------------------------------------


def _one_only(bench: Bench) -> str:
    """`accept_multiple` as the text "false"."""
    add_choice(bench.tenant_id, "Second")
    reply = bench.deep_link(**settings(accept_multiple="false")(bench)).reply
    page = drive.send(bench.client, "GET", reply.location)
    courses = re.findall(r'type="radio" name="course" value="([^"]+)"', page.text)
    bench.expect(len(courses) == 2, f"two courses to choose one of; found {len(courses)}")
    answer = pick(bench, reply, course=courses)
    bench.expect(answer.status == 422, f"two at once refused; answered {answer.status}")
    return "one course can be chosen, two are refused"


def _data(value: str | None) -> Any:
    def run(bench: Bench) -> str:
        given = answer_claims(pick(bench, bench.deep_link(**settings(data=value)(bench)).reply))
        found = given.get("https://purl.imsglobal.org/spec/lti-dl/claim/data")
        bench.expect(found == value, f"data {value!r} in the answer; found {found!r}")
        return "no data in the answer" if value is None else f"data {value!r} in the answer"

    return run


# --- Messages of other kinds -----------------------------------------------------------------------------------------


def _review_without_line_item(bench: Bench) -> str:
    link = bench.lms.links.add(bench.lms.course.id, bench.tool.id, "Ungraded", custom=bench.link.custom)
    return bench.refused(_review(bench, bench.instructor, link), "line_item_missing")


def _review_of_work(bench: Bench) -> str:
    """A teacher looks at a learner's work, and nothing is recorded by it."""
    bench.opened(bench.launch().reply)
    before = bench.traces()
    answered = bench.opened(_review(bench, bench.instructor), "review")
    before[ACCEPTED] += 1
    bench.expect(bench.traces() == before, f"nothing recorded but the launch; {bench.traces()} instead of {before}")
    return f"{answered}; nothing recorded but the launch"


def _review_by_another(bench: Bench) -> str:
    """A learner asks for another learner's work."""
    bench.opened(bench.launch().reply)
    return bench.refused(_review(bench, bench.lms.learners[2]), "review_refused", Side.REQUEST)


def _review(bench: Bench, user: User, link: Link | None = None) -> drive.Reply:
    return bench.launch(user, link, message_type=SUBMISSION_REVIEW_REQUEST, for_user=bench.student.id).reply


DEPLOYMENTS = (
    Case(
        "X16-unknown", "an unknown deployment of a shared client", "waits for approval, no fault", _unknown_deployment
    ),
    refused("X16-long", "a deployment_id of 256 characters", claims(deployment_id="d" * LONG), "message_shape"),
    Case("X16-foreign", "another registration's deployment_id", "its own tenant only", _foreign_deployment),
    Case("X16-content", "content of another tenant", "“not set up yet”", _foreign_content),
)
MESSAGES = (
    refused("X17-1p0", "version LTI-1p0", claims(version="LTI-1p0"), "message_version"),
    refused("X17-1.3.1", "version 1.3.1", claims(version="1.3.1"), "message_version"),
    refused("X18", "message_type LtiStartProctoring", claims(message_type="LtiStartProctoring"), "message_type"),
    refused("X19-text", "roles as a text", claims(roles="Learner"), "message_roles"),
    accepted("X19-twice", "a role given twice", claims(roles=[MEMBERSHIP + "Learner"] * 2)),
    accepted(
        "X19-mixed",
        "teacher at the institution, learner in the course",
        claims(roles=[INSTITUTION + "Instructor", MEMBERSHIP + "Learner"]),
    ),
    Case("X20", "nobody: an anonymous launch", "refused (subject_missing), a clear page, no grade", _anonymous),
    refused("X21-number", "sub as a number", claims(sub=5), "subject_invalid"),
    refused("X21-blank", "sub of white space", claims(sub="   "), "subject_missing"),
    refused("X21-long", "sub of 256 characters", claims(sub="s" * LONG), "subject_invalid"),
    accepted("X21-longest", "sub of 255 characters", claims(sub="s" * (LONG - 1))),
    Case("X21-unicode", "sub beyond ASCII", "accepted (learner), the very same subject", _unicode_subject),
    refused("X22-missing", "no target_link_uri", without("target_link_uri"), "message_target"),
    refused(
        "X22-foreign",
        "target_link_uri on another host",
        claims(target_link_uri="https://elsewhere.test/lti/launch"),
        "message_target_foreign",
    ),
    Case("X22-query", "target_link_uri with a query", "accepted; one fixed redirect URI", _target_with_query),
)
DEEP_LINKS = (
    refused(
        "X27-types",
        "a picker for links and files only",
        settings(accept_types=["link", "file"]),
        "deep_linking_type",
        deep=True,
    ),
    Case("X27-multiple", "accept_multiple as the text “false”", "one course can be chosen", _one_only),
    refused(
        "X27-return",
        "a picker without return URL",
        settings(deep_link_return_url=None),
        "deep_linking_return",
        deep=True,
    ),
    refused(
        "X27-script",
        "a picker whose return URL is a script",
        settings(deep_link_return_url="javascript:alert(1)"),
        "deep_linking_return",
        deep=True,
    ),
    Case("X27-no-data", "a picker without data", "no data in the answer", _data(None)),
    Case("X27-empty-data", "a picker with data “”", "data “” in the answer", _data("")),
)
EXTENSIONS = (
    accepted("X29-extension", "claims nobody knows", claims(**OWN_CLAIMS)),
    accepted(
        "X29-null",
        "claims that are null",
        claims(context=None, launch_presentation=None, tool_platform=None, name=None),
    ),
    accepted("X29-canvas", "Canvas's claim of errors", claims(**CANVAS_ERRORS)),
    accepted("X30-for-user", "a launch with for_user", claims(for_user={"user_id": "5"})),
    Case("X30-review", "a review without line item", "refused (line_item_missing)", _review_without_line_item),
    Case("X30-review-work", "a teacher's review of a learner's work", "a page; nothing recorded", _review_of_work),
    Case("X30-review-other", "a learner's review of another's work", "refused (review_refused)", _review_by_another),
)
