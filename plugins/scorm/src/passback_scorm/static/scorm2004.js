// The SCORM 2004 run-time API. What content asked for with adl.nav.request ("" for nothing) goes to whoever leads through
// the course.
"use strict";
globalThis.PassbackScorm.furnish("API_1484_11", (player, request) => {
  (globalThis.PassbackScorm.terminated || player.finished)({ reason: "finished", request });
});
