"""XML from outside: attacks are refused and reach nothing, real faults are repaired and told."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passback.content.xml import MAX_BYTES, MAX_DEPTH, MAX_TAGS, parse_xml
from passback.plugin import PackageError


def codes(data: bytes) -> list[str]:
    return [warning.code for warning in parse_xml(data, "m.xml").warnings]


def refusal(data: bytes) -> str:
    with pytest.raises(PackageError) as caught:
        parse_xml(data, "m.xml")
    assert "“m.xml”" in caught.value.message
    return caught.value.code


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port that notices anybody who connects."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.setblocking(False)
        yield server


def nobody_came(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return True
    return False


BROKEN_TAILS = ["<m>&x;</m>", "<m>&x;", "<m><a></b>&x;</m>", "<m a=1>&x;</m>"]


@pytest.mark.parametrize("tail", BROKEN_TAILS)
def test_an_entity_never_reads_a_file(tmp_path: Path, tail: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    for name in ("x", "% x"):
        attack = f'<!DOCTYPE m [<!ENTITY {name} SYSTEM "{secret.as_uri()}">%x;]>{tail}'
        with pytest.raises(PackageError) as caught:
            parse_xml(attack.encode(), "m.xml")
        assert caught.value.code == "xml_entities"
        assert "the secret" not in f"{caught.value.message} {caught.value.__cause__}"


@pytest.mark.parametrize(
    "attack",
    [
        '<!DOCTYPE m [<!ENTITY x SYSTEM "URL">]><m>&x;</m>',
        '<!DOCTYPE m [<!ENTITY % x SYSTEM "URL">%x;]><m/>',
        '<!DOCTYPE m SYSTEM "URL"><m/>',
        '<!DOCTYPE m PUBLIC "-//X//DTD//EN" "URL"><m/>',
        '<!DOCTYPE m SYSTEM "URL"><m>not well formed',
        '<m xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="URL" parse="text"/></m>',
        '<?xml-stylesheet href="URL"?><m xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="urn:x URL"/>',
        '<?xml-stylesheet href="URL"?><m xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:noNamespaceSchemaLocation="URL"><broken></m>',
    ],
)
def test_nothing_is_ever_requested(listener: socket.socket, attack: str) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    try:
        parse_xml(attack.replace("URL", url).encode(), "m.xml")
    except PackageError as error:
        refused = error.code
    else:
        refused = ""
    assert refused == ("xml_entities" if "ENTITY" in attack else "xml_external_dtd" if "DOCTYPE" in attack else "")
    assert nobody_came(listener)


@pytest.mark.parametrize("tail", ["<m>&l9;</m>", "<m>&l9;"])
def test_billion_laughs_are_refused(tail: str) -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    assert refusal(f'<!DOCTYPE m [<!ENTITY l0 "lol">{levels}]>{tail}'.encode()) == "xml_entities"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_an_encoding_hides_no_entity(encoding: str) -> None:
    attack = '<!DOCTYPE m [<!ENTITY x "y">]><m>&x;</m>'
    assert refusal(attack.encode(encoding)) == "xml_entities"


def test_utf7_is_not_spoken() -> None:
    data = b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE m [+ADwAIQ-ENTITY x "y"+AD4AXQA+ADw-m/+AD4-'
    assert refusal(data) == "xml_unreadable"


def test_a_doctype_in_a_comment_is_a_comment() -> None:
    parsed = parse_xml(b'<!-- <!DOCTYPE m SYSTEM "x"> --><m><!-- <!DOCTYPE y> --></m>', "m.xml")
    assert (parsed.root.tag, parsed.warnings) == ("m", ())


@pytest.mark.parametrize(
    "doctype", ["<!DOCTYPE m>", "<!doctype m >", '<!DOCTYPE m [<!ELEMENT m (#PCDATA)> <!-- ] > " -->]>']
)
def test_a_harmless_doctype_is_left_out(doctype: str) -> None:
    data = f'<?xml version="1.0"?>\n<!-- x -->{doctype}<m>text</m>'.encode()
    parsed = parse_xml(data, "m.xml")
    assert (parsed.root.text, parsed.root.getroottree().docinfo.doctype) == ("text", "")
    assert [warning.code for warning in parsed.warnings if warning.code != "xml_not_well_formed"] == ["xml_doctype"]


def test_a_doctype_without_an_end() -> None:
    assert refusal(b"<!DOCTYPE m [<!ELEMENT m ANY> <m/>") == "xml_unreadable"


@pytest.mark.parametrize(
    ("data", "warned"),
    [
        ("\ufeff<m>é</m>".encode(), []),
        ("<m>é</m>".encode("utf-16"), []),
        ("<m>é</m>".encode("utf-16-le"), ["xml_encoding"]),
        ('<?xml version="1.0" encoding="UTF-8"?><m>é</m>'.encode(), []),
        ('<?xml version="1.0" encoding="UTF-8"?><m>é</m>'.encode("cp1252"), ["xml_encoding"]),
        ("<m>é</m>".encode("cp1252"), ["xml_encoding"]),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><m>é</m>'.encode("latin-1"), []),
        ('<?xml version="1.0" encoding="iso-8859-1"?><m>é</m>'.encode(), ["xml_encoding"]),
        ("<?xml version='1.0' encoding='cp850'?><m>é</m>".encode("cp850"), []),
        ('<?xml version="1.0" encoding="nonsense-1"?><m>é</m>'.encode("cp1252"), ["xml_encoding"]),
        ('<?xml version="1.0" encoding="UTF-16"?><m>é</m>'.encode(), ["xml_encoding"]),
        ('\n\n<?xml version="1.0"?><m>é</m>'.encode(), []),
    ],
)
def test_text_comes_out_right_whatever_the_encoding(data: bytes, warned: list[str]) -> None:
    parsed = parse_xml(data, "m.xml")
    assert parsed.root.text == "é"
    assert [warning.code for warning in parsed.warnings] == warned


def test_latin_1_is_read_as_its_superset() -> None:
    """Authors paste curly quotes from Word into files that say ISO-8859-1."""
    data = '<?xml version="1.0" encoding="ISO-8859-1"?><m>“x”</m>'.encode("cp1252")
    assert parse_xml(data, "m.xml").root.text == "“x”"


@pytest.mark.parametrize(
    ("broken", "xpath", "expected"),
    [
        ("<m><a>1</a><b>2</m>", "string(b)", "2"),
        ("<m><a href='x.html?a=1&b=2&amp;c=3'/></m>", "string(a/@href)", "x.html?a=1&b=2&c=3"),
        ("<m><a>Fish & chips &eacute;&nbsp;&lt;</a></m>", "string(a)", "Fish & chips é\xa0<"),
        ("<m><![CDATA[a & b &nbsp;]]>&nbsp;</m>", "string()", "a & b &nbsp;\xa0"),
        ("<m><a>1</a></m><junk", "string(a)", "1"),
        ("<m><p:a>1</p:a></m>", "string(*)", "1"),
        ("<m><a>1</a>", "string(a)", "1"),
    ],
)
def test_what_is_not_well_formed_is_repaired_and_told(broken: str, xpath: str, expected: str) -> None:
    parsed = parse_xml(broken.encode(), "m.xml")
    assert parsed.root.xpath(xpath) == expected
    assert [warning.code for warning in parsed.warnings] == ["xml_not_well_formed"]
    assert parsed.warnings[0].evidence


def test_forbidden_characters_are_left_out() -> None:
    parsed = parse_xml(b"<m>a\x00b\x0bc</m>", "m.xml")
    assert parsed.root.text == "abc"
    assert codes(b"<m>a\x00b\x0bc</m>") == ["xml_characters"]


@pytest.mark.parametrize("data", [b"", b"   ", b"hello", b"\x00\x01", b"{}", b"PK\x03\x04"])
def test_what_is_not_xml_at_all(data: bytes) -> None:
    assert refusal(data) == "xml_unreadable"


def test_bounds() -> None:
    assert refusal(b"<m>" + b" " * MAX_BYTES + b"</m>") == "xml_too_large"
    assert refusal(b"<m>" + b"<a/>" * MAX_TAGS + b"</m>") == "xml_too_large"
    assert refusal(b"<m>" * (MAX_DEPTH + 1) + b"</m>" * (MAX_DEPTH + 1)) == "xml_too_deep"
    assert refusal(b"<m>" * 200) == "xml_too_deep"
    assert parse_xml(b"<m>" * MAX_DEPTH + b"</m>" * MAX_DEPTH, "m.xml").warnings == ()


@pytest.mark.parametrize("piece", [b"<!--", b"<?x ", b"<![CDATA[", b"&a", b'<!DOCTYPE m [ "', b"<?xml ", b" \n"])
def test_no_regular_expression_goes_astray(piece: bytes) -> None:
    """Half a megabyte of openings that never close takes no time; quadratic work would take minutes."""
    for before in (b"", b"<m>", b"<!DOCTYPE m ["):
        started = time.thread_time()  # work, not waiting: other processes do not count
        with suppress(PackageError):
            parse_xml(before + piece * (500_000 // len(piece)), "m.xml")
        assert time.thread_time() - started < 5


@given(st.text(st.sampled_from("<>!&;[]\"'-?/= abDOCTYPENIT%x"), max_size=80) | st.text(max_size=80))
def test_whatever_comes_is_a_tree_or_a_package_error(text: str) -> None:
    try:
        parsed = parse_xml(text.encode("utf-8", "replace"), "m.xml")
    except PackageError:
        return
    assert isinstance(parsed.root.tag, str)
    assert not re.search(r"<!ENTITY", str(parsed.root.getroottree().docinfo.internalDTD))
