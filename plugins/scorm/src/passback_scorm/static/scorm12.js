// The SCORM 1.2 run-time API. The end of a SCO goes to whoever leads through the course.
"use strict";
globalThis.PassbackScorm.furnish("API", (player) => {
  (globalThis.PassbackScorm.terminated || player.finished)({ reason: "finished" });
});
