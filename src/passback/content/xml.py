"""Hardened XML: refuses what attacks, repairs what real authoring tools write, says what it did.

A document is decoded once, here, so that the guard (defusedxml) and the parser (lxml) read the same characters.
"""

import html
import re
from html.entities import name2codepoint

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError
from lxml import etree

from passback.plugin import PackageError, PackageWarning, ParsedXml

MAX_BYTES = 16 * 1024 * 1024
MAX_TAGS = 1_000_000
MAX_DEPTH = 128
MAX_DOCTYPE = 64 * 1024

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_BARE_UTF16 = ((b"<\x00", "utf-16-le"), (b"\x00<", "utf-16-be"))
_DECLARATION = re.compile(r"<\?xml\b[^>]*?\?>")
_DECLARED = re.compile(rb"\s*<\?xml\b[^>]*?\bencoding\s*=\s*[\"']\s*([A-Za-z0-9._-]+)")
# Only ASCII's relatives: utf-7, idna or punycode would hide markup or cost quadratic time.
_ENCODINGS = re.compile(
    r"(utf-?8|(us-)?ascii|iso[-_]?8859[-_]\d+|latin-?\d|windows-?\d+|cp\d+|koi8-[ru]|mac[a-z]*|"
    r"shift[-_]jis|euc[-_](jp|kr)|gb2312|gbk|gb18030|big5)",
    re.IGNORECASE,
)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_PROLOG = re.compile(r"(?:\s+|<!--.*?-->|<\?.*?\?>)*", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE\s+[^\s\[>]+(\s+(?:SYSTEM|PUBLIC)\b)?", re.IGNORECASE)
_DOCTYPE_TOKEN = re.compile(r"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|\"[^\"]*\"|'[^']*'|[\[\]>]", re.DOTALL)
_CDATA = re.compile(r"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL)
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_BARE_AMPERSAND = re.compile(r"&(?!#\d+;|#x[0-9A-Fa-f]+;|[A-Za-z_][\w.-]*;)")
_XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})


def parse_xml(data: bytes, name: str) -> ParsedXml:
    """Parse a document from outside.

    Args:
        data: the file's bytes, in whatever encoding.
        name: the file's path, for messages.

    Raises:
        PackageError: entities, an external DTD, too large, too deep, or beyond repair.
    """
    if len(data) > MAX_BYTES:
        raise PackageError("xml_too_large", f"“{name}” is too large ({len(data):,} bytes).", "Split the course.")
    warnings: list[PackageWarning] = []

    def warn(code: str, message: str, evidence: str = "") -> None:
        warnings.append(PackageWarning(code, f"“{name}” {message}", evidence))

    text, note = _decode(data)
    if note:
        warn("xml_encoding", note)
    if _NOT_XML.search(text):
        text = _NOT_XML.sub("", text)
        warn("xml_characters", "had characters that XML forbids; they were left out.")
    text = text.lstrip()
    if declaration := _DECLARATION.match(text):
        text = text[declaration.end() :]
    if text.count("<") > MAX_TAGS:
        raise PackageError("xml_too_large", f"“{name}” has more than {MAX_TAGS:,} tags.", "Split the course.")
    fault = _guard(text, name)
    without = _drop_doctype(text, name, well_formed=not fault)
    if without != text:
        warn("xml_doctype", "had a DOCTYPE; it was left out.")
    if not fault:
        return ParsedXml(_parse(without, name, recover=False), tuple(warnings))
    warn("xml_not_well_formed", "is not well-formed XML; what could be read was used.", fault)
    return ParsedXml(_parse(_repair(without), name, recover=True), tuple(warnings))


def _decode(data: bytes) -> tuple[str, str]:
    """Return the text and what had to be put right about its encoding, "" for nothing."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace"), ""
    for mark, encoding in _BARE_UTF16:
        if data.startswith(mark):
            return data.decode(encoding, "replace"), "is UTF-16 without a byte order mark."
    match = _DECLARED.match(data[:1024])
    declared = match[1].decode() if match else "utf-8"
    note = f"says it is encoded as {declared} and is not; it was read as "
    try:
        text = data.decode()
    except UnicodeDecodeError:
        pass
    else:
        # Text in another encoding that happens to be valid UTF-8 does not occur outside of exercises.
        same = data.isascii() or declared.lower().replace("-", "") in {"utf8"}
        return text, "" if same else f"{note}UTF-8."
    if _ENCODINGS.fullmatch(declared) and declared.lower() not in {"utf-8", "utf8"}:
        # Browsers read Latin-1 as its superset cp1252 too (WHATWG Encoding Standard, section 4.2).
        page = "cp1252" if re.fullmatch(r"(us-)?ascii|iso[-_]?8859[-_]1|latin-?1", declared.lower()) else declared
        try:
            return data.decode(page), ""
        except (UnicodeDecodeError, LookupError):
            pass
    return data.decode("cp1252", "replace"), f"{note}Windows-1252."


class _Watch:
    """Target of the guard's parser: keeps nothing, counts the depth, refuses external DTDs."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._depth = 0

    def start(self, _tag: str, _attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _too_deep(self._name)

    def end(self, _tag: str) -> None:
        self._depth -= 1

    def doctype(self, _name: str, public: str | None, system: str | None) -> None:
        if public or system:
            raise _external(self._name)

    def close(self) -> None:
        """Nothing was kept."""


def _guard(text: str, name: str) -> str:
    """Return "" for well-formed XML, else what is wrong with it.

    Raises:
        PackageError: it declares entities or an external DTD, or is too deep.
    """
    try:
        parser = DefusedXMLParser(target=_Watch(name), encoding="utf-8")
        parser.feed(text.encode())
        parser.close()
    except DefusedXmlException as error:
        raise _entities(name) from error
    except ParseError as error:
        return str(error)
    return ""


def _drop_doctype(text: str, name: str, *, well_formed: bool) -> str:
    """Return `text` without its DOCTYPE. Where the guard could not read to the end, the text itself is searched."""
    if not well_formed and re.search(r"<!ENTITY", text, re.IGNORECASE):
        raise _entities(name)
    prolog = _PROLOG.match(text)
    start = _DOCTYPE.match(text, prolog.end() if prolog else 0)
    if start is None:
        return text
    depth = 0
    for token in _DOCTYPE_TOKEN.finditer(text, start.end(), start.end() + MAX_DOCTYPE):
        depth += {"[": 1, "]": -1}.get(token[0], 0)
        if token[0] == ">" and depth <= 0:
            if start[1]:
                raise _external(name)
            return text[: start.start()] + text[token.end() :]
    raise PackageError("xml_unreadable", f"“{name}” has a DOCTYPE that does not end.", "Export the course again.")


def _repair(text: str) -> str:
    """Return `text` with HTML's named characters and bare ampersands made XML: libxml2 would drop what follows them."""

    def character(match: re.Match[str]) -> str:
        known = match[1] in name2codepoint and match[1] not in _XML_NAMES
        return html.unescape(match[0]) if known else match[0]

    parts = _CDATA.split(text)
    parts[::2] = [_BARE_AMPERSAND.sub("&amp;", _NAMED.sub(character, part)) for part in parts[::2]]
    return "".join(parts)


def _parse(text: str, name: str, *, recover: bool) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        recover=recover,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root: etree._Element | None = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise _unreadable(name, str(error)) from error
    if root is None:
        raise _unreadable(name, "nothing in it is XML")
    if recover and _depth(root) > MAX_DEPTH:
        raise _too_deep(name)
    return root


def _depth(root: etree._Element) -> int:
    """Return how deep the tree is, without recursion."""
    deepest = depth = 0
    for event, _element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest


def _entities(name: str) -> PackageError:
    return PackageError(
        "xml_entities",
        f"“{name}” declares XML entities, which can attack the reader.",
        "Remove them and pack it again.",
    )


def _external(name: str) -> PackageError:
    message = f"“{name}” refers to a DTD outside of it, which is never fetched."
    return PackageError("xml_external_dtd", message, "Remove the DOCTYPE line and pack the course again.")


def _too_deep(name: str) -> PackageError:
    return PackageError(
        "xml_too_deep", f"“{name}” is nested more than {MAX_DEPTH} levels deep.", "Simplify the course."
    )


def _unreadable(name: str, detail: str) -> PackageError:
    return PackageError("xml_unreadable", f"“{name}” is not XML: {detail}", "Export the course again.")
