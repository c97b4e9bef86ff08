"""Looking at XML by local names: real manifests use wrong prefixes, wrong namespaces and none at all."""

from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote

from lxml.etree import _Element


def local_name(name: object) -> str:
    """Return a tag's or attribute's name in lower case without namespace or prefix; "" for comments and the like."""
    return _local_name(name) if isinstance(name, str) else ""


@lru_cache(maxsize=1024)  # a manifest has few names and asks for them a hundred times per item
def _local_name(name: str) -> str:
    return name.rpartition("}")[2].rpartition(":")[2].lower()


def namespace(element: _Element) -> str:
    """Return an element's namespace in lower case, "" for none."""
    tag = element.tag
    return tag[1:].partition("}")[0].lower() if isinstance(tag, str) and tag.startswith("{") else ""


def children(element: _Element | None, name: str) -> Iterator[_Element]:
    """Yield the children called `name`; none where there is no element."""
    if element is not None:
        yield from (child for child in element if local_name(child.tag) == name)


def child(element: _Element | None, name: str) -> _Element | None:
    """Return the first child called `name`."""
    return next(children(element, name), None)


def attribute(element: _Element, name: str) -> str:
    """Return an attribute, stripped, whatever its namespace and case; "" where there is none."""
    return next((str(value).strip() for key, value in element.attrib.items() if local_name(key) == name), "")


def collapsed(text: str) -> str:
    """Return an identifier with its white space made single, as XML Schema reads IDs."""
    return " ".join(text.split())


def uri(text: str) -> str:
    """Return an identifier that is a URI (objectives, shared data) as it is compared: decoded, white space single.

    ADL's cases OB-02b and OB-12a take `gObj%20%20-` and ` gObj%20-` for the same.
    """
    return collapsed(unquote(text))


def text_of(element: _Element | None, name: str = "") -> str:
    """Return an element's text (or that of its first child called `name`), with white space made single."""
    found = child(element, name) if element is not None and name else element
    return "" if found is None else collapsed("".join(str(part) for part in found.itertext()))


def namespaces(root: _Element) -> frozenset[str]:
    """Return every namespace that is declared at the top or used anywhere, in lower case."""
    used = {uri.lower() for uri in root.nsmap.values() if uri}
    for element in root.iter():
        for name in (element.tag, *element.attrib):
            if isinstance(name, str) and name.startswith("{"):
                used.add(name[1:].partition("}")[0].lower())
    return frozenset(used)
