"""Registered tools and their deployments: by hand here, by Dynamic Registration in `registration.py`."""

import secrets
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from passback.sandbox.core import Core
from passback.sandbox.model import Tool
from passback.sandbox.vocabulary import ALL_SCOPES, SCOPES

CLIENT_ID_LENGTH = 15


@dataclass
class Tools:
    """The tools of this LMS."""

    core: Core

    def add(
        self,
        *,
        initiate_login_uri: str,
        redirect_uris: Iterable[str],
        jwks_uri: str,
        target_link_uri: str = "",
        name: str = "Tool",
        scopes: Iterable[str] = SCOPES,
        client_id: str = "",
        deep_linking_uri: str = "",
        custom: Mapping[str, str] | None = None,
        send_name: bool = True,
        send_email: bool = True,
        active: bool = True,
        description: str = "",
        logo_uri: str = "",
        domain: str = "",
    ) -> Tool:
        """Register a tool and return it; its one deployment is named like the tool's id, as in Moodle."""
        uris = list(redirect_uris)
        tool_id = self.core.new_id()
        tool = Tool(
            id=tool_id,
            client_id=client_id or new_client_id(),
            name=name,
            initiate_login_uri=initiate_login_uri,
            redirect_uris=uris,
            jwks_uri=jwks_uri,
            target_link_uri=target_link_uri or uris[0],
            deployments=[tool_id],
            scopes=[scope for scope in ALL_SCOPES if scope in set(scopes)],
            domain=domain or urlsplit(target_link_uri or uris[0]).netloc,
            description=description,
            logo_uri=logo_uri,
            deep_linking_uri=deep_linking_uri,
            custom=dict(custom or {}),
            send_name=send_name,
            send_email=send_email,
            active=active,
        )
        with self.core.change() as state:
            state.tools[tool.id] = tool
        return tool

    def change(self, tool_id: str, **changes: object) -> Tool:
        """Change fields of a tool (`active=True` activates a pending one) and return it as it is now.

        Raises:
            KeyError: there is no such tool.
        """
        with self.core.change() as state:
            state.tools[tool_id] = replace(state.tools[tool_id], **changes)  # type: ignore[arg-type]
            return state.tools[tool_id]

    def deploy(self, tool_id: str, deployment_id: str = "") -> str:
        """Add a deployment to a tool, as Canvas does for every account or course, and return its id."""
        deployment_id = deployment_id or self.core.new_id()
        with self.core.change() as state:
            state.tools[tool_id].deployments.append(deployment_id)
        return deployment_id

    def may_work(self, tool: Tool) -> bool:
        """Say whether a tool launches and gets tokens: some LMSs wait until it is activated, Moodle does not."""
        rules = self.core.profile.registration
        return tool.active or rules is None or rules.pending_works

    def remove(self, tool_id: str) -> None:
        """Unregister a tool; its links and columns go with it."""
        with self.core.change() as state:
            del state.tools[tool_id]
            state.links = {key: link for key, link in state.links.items() if link.tool_id != tool_id}
            state.line_items = {key: item for key, item in state.line_items.items() if item.tool_id != tool_id}
            state.results = [result for result in state.results if result.line_item_id in state.line_items]

    def all(self) -> list[Tool]:
        """Return every tool, the oldest first."""
        with self.core.read() as state:
            return list(state.tools.values())

    def get(self, tool_id: str) -> Tool | None:
        """Return a tool by its id here."""
        with self.core.read() as state:
            return state.tools.get(tool_id)

    def by_client(self, client_id: str) -> Tool | None:
        """Return a tool by its client id."""
        return next((tool for tool in self.all() if tool.client_id == client_id), None)


def new_client_id() -> str:
    """Return a fresh client id, 15 letters and digits."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(CLIENT_ID_LENGTH))
