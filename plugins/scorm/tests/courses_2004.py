"""Small courses of SCORM 2004 with real pages, which talk to the real API."""

PAGE = """<!doctype html><html lang="en"><title>{id}</title><h1 id="where">{id}</h1><p id="entry"></p>
<button id="pass">Pass</button> <button id="fail">Fail</button> <button id="pause">Pause</button>
<button id="on">On by itself</button> <button id="end">End</button>
<script>
const find = (win) => win.API_1484_11 || (win.parent !== win ? find(win.parent) : null);
const api = find(window);
api.Initialize("");
entry.textContent = api.GetValue("cmi.entry") + " " + api.GetValue("cmi.location");
api.SetValue("cmi.location", "here");
const done = (status, scaled) => {{
  api.SetValue("cmi.completion_status", "completed");
  api.SetValue("cmi.success_status", status);
  api.SetValue("cmi.score.scaled", scaled);
  api.Commit("");
}};
pass.onclick = () => done("passed", "0.9");
fail.onclick = () => done("failed", "0.2");
const ask = (request) => {{ api.SetValue("adl.nav.request", request); api.Terminate(""); }};
pause.onclick = () => {{ api.SetValue("cmi.exit", "suspend"); ask("suspendAll"); }};
on.onclick = () => ask("continue");
end.onclick = () => api.Terminate("");
</script></html>"""

_HEAD = """<manifest identifier="m" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1"
  xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3" xmlns:imsss="http://www.imsglobal.org/xsd/imsss">
<metadata><schemaversion>2004 4th Edition</schemaversion></metadata>"""
_RULE = """<imsss:sequencingRules><imsss:preConditionRule><imsss:ruleConditions conditionCombination="any">
<imsss:ruleCondition referencedObjective="before" condition="satisfied" operator="not"/>
<imsss:ruleCondition referencedObjective="before" condition="objectiveStatusKnown" operator="not"/>
</imsss:ruleConditions><imsss:ruleAction action="disabled"/></imsss:preConditionRule></imsss:sequencingRules>"""
_OWN = """<imsss:objectives><imsss:primaryObjective objectiveID="own"><imsss:mapInfo targetObjectiveID="course.{name}"
  writeSatisfiedStatus="true" writeNormalizedMeasure="true"/></imsss:primaryObjective></imsss:objectives>"""
_BEFORE = """<imsss:objectives><imsss:primaryObjective/><imsss:objective objectiveID="before">
<imsss:mapInfo targetObjectiveID="course.{name}"/></imsss:objective></imsss:objectives>"""

_SAYS_ITSELF = '<imsss:deliveryControls completionSetByContent="true" objectiveSetByContent="true"/>'


def two_scos() -> dict[str, str]:
    """Return the files of a course whose second SCO opens once the first is passed."""
    items = (
        f"<item identifier='first' identifierref='r-first'><title>First steps</title>"
        f"<imsss:sequencing>{_OWN.format(name='first')}{_SAYS_ITSELF}</imsss:sequencing></item>"
        f"<item identifier='second' identifierref='r-second'><title>The test</title>"
        f"<imsss:sequencing>{_RULE}{_BEFORE.format(name='first')}{_SAYS_ITSELF}</imsss:sequencing></item>"
    )
    resources = "".join(
        f"<resource identifier='r-{name}' type='webcontent' adlcp:scormType='sco' href='{name}.html'>"
        f"<file href='{name}.html'/></resource>"
        for name in ("first", "second")
    )
    organization = (
        "<organizations default='o'><organization identifier='o' adlseq:objectivesGlobalToSystem='false' "
        "xmlns:adlseq='http://www.adlnet.org/xsd/adlseq_v1p3'><title>Two steps</title>"
        f"{items}<imsss:sequencing><imsss:controlMode choice='true' flow='true'/></imsss:sequencing>"
        "</organization></organizations>"
    )
    manifest = f"{_HEAD}{organization}<resources>{resources}</resources></manifest>"
    return {"imsmanifest.xml": manifest, **{f"{name}.html": PAGE.format(id=name) for name in ("first", "second")}}
