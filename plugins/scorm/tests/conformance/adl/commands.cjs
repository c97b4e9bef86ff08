// A command of ADL's scripts against a run-time API, under Node and in the page of a SCO (`sco.html`): [returned, last error].
"use strict";
function runCommand(api, [call, argument, value]) {
  const ids = (array) => {
    const count = Number(api.GetValue(`${array}._count`));
    return Array.from({ length: count }, (_, n) => api.GetValue(`${array}.${n}.id`));
  };
  if (call === "compareObjectives") return [ids("cmi.objectives").join(","), "0"];
  const [before, wanted, after] = argument.split("&"); // &id& is the index of the record with this id
  const place = wanted === undefined ? "" : ids(before.slice(0, -1)).indexOf(wanted);
  if (place === -1) return [`no record has the id ${wanted}`, "-1"];
  const element = wanted === undefined ? argument : before + place + after;
  return [call === "SetValue" ? api.SetValue(element, value) : api[call](element), api.GetLastError()];
}
if (typeof module === "object") module.exports = { runCommand };
