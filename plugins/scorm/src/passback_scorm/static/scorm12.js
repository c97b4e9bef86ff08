// The SCORM 1.2 run-time API.
"use strict";
globalThis.PassbackScorm.furnish("API", (player) => player.finished({ reason: "finished" }));
