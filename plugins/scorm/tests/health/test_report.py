"""The health report: each rule on a package made for it, and on one that it must be silent about."""

from collections.abc import Callable, Mapping

import pytest

from passback.plugin import PackageReader, PackageWarning
from passback.testing.packages import Member, make_zip
from passback.testing.readers import open_package
from passback_scorm.health import pages
from passback_scorm.health.check import Health, examine
from passback_scorm.health.rules import RULES
from passback_scorm.manifest.reading import read_manifest

MANIFEST = """<manifest xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">{about}
<organizations default="o"><organization identifier="o"><title>C</title>
<item identifier="i" identifierref="r"><title>L</title></item></organization></organizations>
<resources><resource identifier="r" adlcp:scormtype="{kind}" href="{start}"><file href="api.js"/></resource></resources>
</manifest>"""
LANGUAGE = "<metadata><lom><general><language>{}</language></general></lom></metadata>"
SOUND = """<html lang="en"><script src="api.js"></script><script>
function finish() { API.LMSFinish(""); }
</script><body onload="API.LMSInitialize('')" onunload="finish()"><button onclick="finish()">End</button></html>"""
API = """function report(points) { API.LMSSetValue("cmi.core.score.raw", points); }"""


def examined(
    page: str = SOUND, *, about: str = "", kind: str = "sco", start: str = "index.html", **files: str | bytes
) -> Health:
    whole: Mapping[str, bytes | str] = {
        "imsmanifest.xml": MANIFEST.format(about=about, kind=kind, start=start),
        "index.html": page,
        "api.js": API,
        **files,
    }
    package = open_package(make_zip(whole))
    return examine(package, read_manifest(package))


def by_rule(health: Health) -> dict[str, PackageWarning]:
    return {finding.code: finding for finding in health.findings}


def script(code: str) -> str:
    return SOUND.replace("</script><body", f"{code}</script><body")


def test_every_rule_says_what_it_means() -> None:
    for rule in RULES.values():
        assert rule.message.endswith(".")
        assert rule.severity == "note" or rule.advice
        assert not rule.certain or "seems" not in rule.message


def test_a_sound_course() -> None:
    health = examined()
    assert health.findings == ()
    assert (health.reports_score, health.language) == (True, "en")


SETS = 'function report(points) { set("cmi.core.score.raw", points); }'


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (SETS, True),
        (f"const api = find(win).LMSInitialize; {SETS}", False),  # the wrapper that finds the run time
        (f"{SETS}/* {'-' * 40_000} */", False),  # a tool's whole library
        ('const NAMES = ["cmi.core.score.raw", "cmi.core.score.min"];', False),
    ],
)
def test_a_library_is_no_proof_that_a_course_has_scores(code: str, says: bool) -> None:
    assert examined(**{"api.js": code}).reports_score is says
    page = SOUND.replace("</script><body", f"{SETS}</script><body")
    assert examined(page, **{"api.js": code}).reports_score


LOADED = [
    '<script src="https://cdn.example.net.au/x.js"></script>',
    "<link rel=stylesheet href='//cdn.example.net.au/x.css'>",
    '<p style="background: url(https://cdn.example.net.au/x.png)">',
    '<iframe width=1 src="http://cdn.example.net.au/"></iframe>',
]


@pytest.mark.parametrize("tag", LOADED)
def test_other_hosts_that_pages_load_from(tag: str) -> None:
    found = by_rule(examined(SOUND.replace("<button", f"\n{tag}<button")))
    assert found["external_hosts"].message.endswith(": cdn.example.net.au.")
    assert found["external_hosts"].certain
    assert (found["external_hosts"].file, found["external_hosts"].line) == ("index.html", 4)
    assert ("insecure_hosts" in found) is ("http:" in tag)


@pytest.mark.parametrize("tag", LOADED)
def test_what_only_old_internet_explorers_load_is_not_told(tag: str) -> None:
    assert examined(SOUND.replace("<script src", f"<!--[if lt IE 9]>\n{tag}\n<![endif]-->\n<script src")).findings == ()
    found = by_rule(examined(SOUND.replace("<button", f"<!--[if !IE]><!-->{tag}<!--<![endif]--><button")))
    assert found["external_hosts"].line == 3


def test_comment_marks_in_scripts_hide_nothing() -> None:
    code = "<!--\ndocument.body.innerHTML = eval(text);\n//-->"
    assert by_rule(examined(script(code)))["eval"].line == 4


def test_a_tag_in_a_script_is_a_guess() -> None:
    code = "show(\"<a style='background: url(http://cdn.elsewhere.net/close.png)'><img src='https://img.elsewhere.net/a'>\");"
    found = by_rule(examined(script(code)))
    assert set(found) == {"named_hosts"}
    assert found["named_hosts"].message.endswith(": img.elsewhere.net, cdn.elsewhere.net.")


@pytest.mark.parametrize(
    "tag",
    [
        '<a href="https://elsewhere.net/">more</a>',
        '<link rel="license" href="https://elsewhere.net/">',
        '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
        '<img src="picture.png" alt="https://elsewhere.net">',
    ],
)
def test_links_load_nothing(tag: str) -> None:
    assert by_rule(examined(SOUND.replace("<button", f"{tag}<button"))) == {}


def test_hosts_in_scripts_are_a_guess() -> None:
    finding = by_rule(examined(script('fetch("https://api.elsewhere.net/log")')))["named_hosts"]
    assert not finding.certain
    assert finding.evidence == "index.html:3"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("eval('1')", True),
        ("new Function ('return 1')", True),
        ("medieval('1')", False),
        ("a.eval()", False),
        ("new FunctionList()", False),
    ],
)
def test_eval(code: str, found: bool) -> None:
    assert ("eval" in by_rule(examined(script(code)))) is found


ONLY_LEAVING = [
    'window.onunload = function () { API.LMSFinish(""); };',
    'window.onbeforeunload = () => { API.LMSFinish(""); };',
    'addEventListener("pagehide", function () { API.Terminate(""); });',
    'function end() { API.LMSFinish(""); }\nwindow.onunload = end;',
    'function end() { API.LMSFinish(""); } function bye() { end(); } window.addEventListener("unload", bye, false);',
    "scorm.terminate = function () { API.Terminate(''); }; function bye() { scorm.terminate(); } onunload = bye;",
]


@pytest.mark.parametrize("code", ONLY_LEAVING)
def test_finishing_only_while_leaving(code: str) -> None:
    page = f'<html lang="en"><script src="api.js"></script><script>API.LMSInitialize("");\n{code}</script></html>'
    finding = by_rule(examined(page))["unload_only"]
    assert not finding.certain
    assert finding.severity == "problem"
    assert finding.file == "index.html"
    assert finding.line >= 2


@pytest.mark.parametrize("attribute", ["onunload", "onUnload", "ONUNLOAD", "onbeforeunload"])
def test_finishing_in_an_attribute(attribute: str) -> None:
    body = f'<body onload="LMSInitialize()" {attribute}="API.LMSFinish(\'\')">'
    page = f'<html lang="en"><script src="api.js"></script>{body}'
    assert "unload_only" in by_rule(examined(page))


@pytest.mark.parametrize(
    "code",
    [
        'function end() { API.LMSFinish(""); } onunload = end; button.onclick = end;',
        'function end() { API.LMSFinish(""); } onunload = end; button.addEventListener("click", end);',
        'function end() { API.LMSFinish(""); } onunload = end; setTimeout(function () { end(); }, 9);',
        'function end() { API.LMSFinish(""); } // who calls it cannot be seen',
        'onunload = function () { API.LMSFinish(""); }; exit.onclick = function () { API["LMSFinish"](""); };',
        "// API.LMSFinish('') comes later",
    ],
)
def test_finishing_in_other_ways(code: str) -> None:
    page = f'<html lang="en"><script src="api.js"></script><script>API.LMSInitialize("");\n{code}</script></html>'
    assert "unload_only" not in by_rule(examined(page))


SET = 'API.LMSSetValue("cmi.core.lesson_status", "completed");'
SET_2004 = "API_1484_11.SetValue('cmi.completion_status','completed');"


@pytest.mark.parametrize(
    "code",
    [
        SET,
        SET_2004,
        f"window.onload = function () {{ {SET} }};",
        f"window.onload = () => {{ {SET} }};",
        f"$(function () {{ {SET} }});",
        f"$(document).ready(function () {{ if (a) b(); {SET} }});",
        f"(function () {{ {SET} }})();",
        f"function done() {{ {SET} }}\ndocument.addEventListener('DOMContentLoaded', function () {{ done(); }});",
        f"function done() {{ {SET} }} function start() {{ done(); }} window.onload = start;",
        f"items.map(x => x.id); {SET}",
    ],
)
def test_complete_on_arrival(code: str) -> None:
    finding = by_rule(examined(script(code)))["completes_on_arrival"]
    assert not finding.certain
    assert (finding.file, finding.line) == ("index.html", 3 + code.count("\n", 0, code.find("SetValue")))


@pytest.mark.parametrize(
    "code",
    [
        f"if (page == last) {{ {SET} }}",
        f"if (page == last) {SET}",
        f"page == last && {SET}",
        f"function done() {{ {SET} }}",
        f"function done() {{ {SET} }} button.onclick = done;",
        f"function done() {{ {SET} }} window.onload = function () {{ if (passed) {{ done(); }} }};",
        f"setTimeout(function () {{ {SET} }}, 60000);",
        f"items.map(x => x.id); if (a) {{ {SET} }}",
        SET.replace("completed", "incomplete"),
        f"// {SET}",
    ],
)
def test_not_complete_on_arrival(code: str) -> None:
    assert "completes_on_arrival" not in by_rule(examined(script(code)))


def test_a_function_of_the_same_name_on_every_page() -> None:
    others = {f"p{number}.html": SOUND for number in range(200)}
    assert by_rule(examined(**others)).keys() == {"undeclared_files"}


def test_a_later_page_that_completes_is_no_arrival() -> None:
    assert by_rule(examined(**{"last.html": f'<html lang="en"><script>{SET}</script></html>'})).keys() == {
        "undeclared_files"
    }


def test_a_script_of_the_first_page_counts_as_the_page() -> None:
    found = by_rule(examined(**{"api.js": API + SET}))
    assert found["completes_on_arrival"].file == "api.js"


def test_scores() -> None:
    assert by_rule(examined(**{"api.js": "//"}))["never_scores"].severity == "note"
    assert by_rule(examined("<html lang='en'>", **{"api.js": "//"})).keys() == {"never_talks"}
    assert by_rule(examined("<html lang='en'>", kind="asset", **{"api.js": "//"})) == {}


def test_languages() -> None:
    page = SOUND.replace(' lang="en"', "")
    assert "language_unknown" in by_rule(examined(page))
    assert by_rule(examined(page, about=LANGUAGE.format("de"))) == {}
    assert by_rule(examined(about=LANGUAGE.format("en-GB"))) == {}
    assert by_rule(examined(about=LANGUAGE.format("de")))["languages_differ"].message.endswith(": de and en.")


def test_pages_of_several_languages() -> None:
    other = {"fr.html": "<html lang='fr'></html>"}
    assert by_rule(examined(**other))["several_languages"].message.endswith(": en, fr.")
    assert by_rule(examined(about=LANGUAGE.format("fr"), **other)).keys() == {"undeclared_files"}


def test_a_damaged_script_is_not_looked_at() -> None:
    files = {"imsmanifest.xml": MANIFEST.format(about="", kind="sco", start="index.html"), "index.html": SOUND}
    broken = Member(b"api.js", API.encode(), crc=1)
    package = open_package(make_zip({**files}, members=[broken]))
    assert by_rule(examine(package, read_manifest(package))).keys() == {"partly_examined"}


def test_files_nobody_declared() -> None:
    finding = by_rule(examined(**{"a.png": b"", "b.png": b"", "schema.xsd": b""}))["undeclared_files"]
    assert finding.message.startswith("2 file(s)")
    assert finding.evidence == "a.png, b.png"


def test_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passback_scorm.health.check.LARGE_FILE", 1024 * 1024)
    monkeypatch.setattr("passback_scorm.health.check.LARGE_COURSE", 2 * 1024 * 1024)
    found = by_rule(examined(**{"film.mp4": bytes(3 * 1024 * 1024)}))
    assert found["large_files"].evidence == "film.mp4 (3 MiB)"
    assert found["large_course"].message == "The course has 3 MiB unpacked."


def test_flash() -> None:
    assert "flash" in by_rule(examined(start="film.swf", **{"film.swf": b"FWS"}))


def test_limits_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LARGEST", 500)
    found = by_rule(examined(SOUND + " " * 500))
    assert found.keys() == {"partly_examined"}


def test_what_is_too_large_for_a_closer_look_leaves_no_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LARGEST_SCRIPT", 1000)
    page = script("").replace("<button", "<p").replace("onclick", "title")
    assert "unload_only" in by_rule(examined(page))
    assert "unload_only" not in by_rule(examined(page, **{"big.js": "API.LMSFinish('')" + " " * 1000}))


@pytest.mark.parametrize(
    "hostile",
    [
        "/*" * 50_000,
        "<script " * 20_000,
        "<html " * 20_000,
        "function " * 20_000,
        "function" + " " * 100_000,
        "(" * 100_000 + "{" * 50_000,
        "}" * 50_000 + ")" * 50_000,
        "onload = " * 20_000,
        "'//" * 40_000,
        "a." * 60_000,
        "eval" + " " * 100_000,
        "function f() { f(); } f();" * 4_000,
    ],
)
def test_hostile_scripts_end(hostile: str) -> None:
    """Each of these takes minutes where a pattern goes back and forth; a test that hangs is how it would show."""
    assert examined(SOUND + f"<script>{hostile}</script>", **{"hostile.js": hostile}).findings


REAL = {
    "singlescobasic.zip": {"named_hosts"},
    "RuntimeBasicCalls_SCORM20043rdEdition.zip": {"named_hosts"},
    "RuntimeMinimumCalls_SCORM12.zip": {"named_hosts", "never_scores", "unload_only"},
}


@pytest.mark.parametrize("name", REAL)
def test_real_courses(name: str, real_course: Callable[[str], PackageReader]) -> None:
    package = real_course(name)
    assert {finding.code for finding in examine(package, read_manifest(package)).findings} == REAL[name]
