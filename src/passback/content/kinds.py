"""The content types there are: which one plays a course, and which may begin something new for a tenant."""

from collections.abc import Collection
from uuid import UUID

from passback.content.errors import ContentTypeMissingError
from passback.db import tenant_session
from passback.plugin import ContentType
from passback.plugins.activation import switched_off
from passback.runtime import runtime


def find_content_type(key: str, *, off: Collection[str] = ()) -> ContentType:
    """Return the content type `key`.

    Args:
        off: plugins that count as missing (`plugins.activation.switched_off`), where something new is to begin. What
            is under way goes on with a plugin that is off.

    Raises:
        ContentTypeMissingError: its plugin is not loaded, or one of `off`.
    """
    plugins = runtime().plugins
    found = plugins.content_types.get(key)
    if found is None or plugins.owners[key] in off:
        raise ContentTypeMissingError(key)
    return found


def content_types_on(tenant_id: UUID) -> list[ContentType]:
    """Return the content types that are on for a tenant."""
    plugins = runtime().plugins
    with tenant_session(tenant_id) as session:
        off = switched_off(session, tenant_id)
    return [kind for key, kind in plugins.content_types.items() if plugins.owners.get(key) not in off]
