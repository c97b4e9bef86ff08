"""What the LMS's pages keep for tools in the browser (1EdTech lti-pm-s 0.1), and how each product tells of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from passback.sandbox.model import Tool

KEYS_PER_TOOL = 500
BYTES_PER_TOOL = 4096
"""What Brightspace's component keeps for one origin, the least that was found: a tool must do with it."""


@dataclass(frozen=True)
class PageStorage:
    """How a product keeps values for tools.

    Args:
        target: `lti_storage_target` of its logins and launches; "": it sends none.
        frame: name of the frame beside the tool's that keeps them; `_parent`: the page around the tool does.
    """

    target: str
    frame: str

    @property
    def parameters(self) -> dict[str, str]:
        """What is added to login initiations and launches."""
        return {"lti_storage_target": self.target} if self.target else {}


NONE = PageStorage("", "")
PRODUCTS: Mapping[str, PageStorage] = {
    # Canvas: a frame of the authentication host's beside the tool's, which hands on to the school's own page.
    "canvas": PageStorage("post_message_forwarding", "post_message_forwarding"),
    "sakai": PageStorage("_parent", "_parent"),
    "brightspace": PageStorage("_parent", "_parent"),
    # Blackboard adds nothing to a tool's addresses: only `lti.capabilities` tells the frame's name.
    "blackboard": PageStorage("", "lti_storage_frame"),
}
"""Moodle and Open edX keep nothing for tools."""


def page_storage(product: str) -> PageStorage:
    """Return how the product of this profile keeps values for tools."""
    return PRODUCTS.get(product, NONE)


def origins(tools: Iterable[Tool]) -> list[str]:
    """Return whose messages are answered: the origins of registered tools."""
    urls = (url for tool in tools for url in (tool.initiate_login_uri, *tool.redirect_uris))
    return sorted({f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, urls)})
