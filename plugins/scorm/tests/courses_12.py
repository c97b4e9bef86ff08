"""Small courses of SCORM 1.2 with real pages, which talk to the real API."""

from collections.abc import Mapping

PAGE = """<!doctype html><html lang="en"><title>{id}</title><h1 id="where">{id}</h1><p id="entry"></p>
<p id="volume"></p>
<button id="pass">Pass</button> <button id="loud">Louder</button> <button id="end">End</button>
<button id="pause">Pause</button> <button id="logout">Log out</button>
<script>
const find = (win) => win.API || (win.parent !== win ? find(win.parent) : null);
const api = find(window);
api.LMSInitialize("");
const get = (name) => api.LMSGetValue(name);
entry.textContent = `${{get("cmi.core.entry")}} ${{get("cmi.core.lesson_location")}}`;
volume.textContent = get("cmi.student_preference.audio");
api.LMSSetValue("cmi.core.lesson_location", "here");
pass.onclick = () => {{
  api.LMSSetValue("cmi.core.score.raw", "{score}");
  api.LMSSetValue("cmi.core.lesson_status", "passed");
  api.LMSCommit("");
}};
loud.onclick = () => {{ api.LMSSetValue("cmi.student_preference.audio", "90"); api.LMSCommit(""); }};
const finish = (how) => {{ api.LMSSetValue("cmi.core.exit", how); api.LMSFinish(""); }};
end.onclick = () => finish("");
pause.onclick = () => finish("suspend");
logout.onclick = () => finish("logout");
</script></html>"""

_HEAD = """<manifest identifier="m" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
  xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">"""
TITLES = {"first": "First steps", "second": "Second steps", "test": "The test"}
SCORES = {"first": 60, "second": 80, "test": 100}


def three_scos(prerequisites: Mapping[str, str] | None = None, more: str = "") -> dict[str, str]:
    """Return the files of a course of three SCOs, two of them in a chapter.

    Args:
        prerequisites: scripts by SCO; the test wants both steps, if nothing is given.
        more: further elements of the first item.
    """
    scripts = {"test": "first&second"} if prerequisites is None else prerequisites
    items = {name: _item(name, scripts.get(name, ""), more if name == "first" else "") for name in TITLES}
    chapter = f"<item identifier='steps'><title>Steps</title>{items['first']}{items['second']}</item>"
    resources = "".join(
        f"<resource identifier='r-{name}' type='webcontent' adlcp:scormtype='sco' href='{name}.html'>"
        f"<file href='{name}.html'/></resource>"
        for name in TITLES
    )
    xml = (
        f"{_HEAD}<organizations default='o'><organization identifier='o'><title>Three steps</title>"
        f"{chapter}{items['test']}</organization></organizations><resources>{resources}</resources></manifest>"
    )
    pages = {f"{name}.html": PAGE.format(id=name, score=SCORES[name]) for name in TITLES}
    return {"imsmanifest.xml": xml, **pages}


def _item(name: str, script: str, more: str) -> str:
    needs = script.replace("&", "&amp;").replace("<", "&lt;")
    prerequisites = f"<adlcp:prerequisites type='aicc_script'>{needs}</adlcp:prerequisites>" if script else ""
    return (
        f"<item identifier='{name}' identifierref='r-{name}'><title>{TITLES[name]}</title>{prerequisites}{more}</item>"
    )
