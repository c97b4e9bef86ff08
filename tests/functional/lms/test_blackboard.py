"""Blackboard: one issuer and one client id for the world, so that the deployment alone says whose a launch is."""

import json

from passback.db import Unscoped, unscoped
from passback.lti.deployments import list_deployments
from passback.sandbox.server import SandboxServer
from tests.functional.lms.contract import LmsContract, platforms
from tests.support.lms_gradebook import Gradebook
from tests.support.lti import School


class TestBlackboard(LmsContract):
    product = "blackboard"
    guide = "blackboard"

    def test_a_deployment_that_nobody_announced_waits(self, school: School, book: Gradebook) -> None:
        """Any Blackboard in the world can be given our client id."""
        (row,) = platforms()
        assert row.tenant_id is None
        stranger = school.lms.tools.deploy(school.tool.id)
        link = school.add_link("Elsewhere", custom=dict(school.link.custom), deployment_id=stranger)
        trip = school.launch(link=link)
        assert (trip.reply.status, "waits" in trip.reply.text) == (403, True)
        with unscoped(Unscoped.REGISTRATION) as session:
            (waiting,) = list_deployments(session, status="inbox")
        assert (waiting.deployment_id, waiting.tenant_id) == (stranger, None)

    def test_timestamps_carry_their_zone(self, book: Gradebook) -> None:
        book.grade(0.5, done_at=None)
        book.drain()
        sent = json.loads(book.server.platform.log.of("score")[-1].body)
        assert sent["timestamp"].endswith("Z")
        assert book.shown == 50.0

    def test_its_addresses_are_known(self, server: SandboxServer) -> None:
        assert server.platform.issuer == "https://blackboard.com"
        (tool,) = [self.add_by_hand(server)]
        (row,) = platforms()
        assert (row.issuer, row.client_id) == ("https://blackboard.com", tool.client_id)
