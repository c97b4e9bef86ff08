// The SCORM 2004 run-time API on the player page, one step above the content frame, so that every API finder meets it at
// once.
"use strict";
(() => {
  const { Recorder, silentRecorder, createApi } = globalThis.PassbackScorm;
  const player = globalThis.passbackPlayer;
  if (!player || !player.boot) return;
  // What content asked for with adl.nav.request ("" for nothing) goes to whoever leads through the course.
  const finished = (request) => (globalThis.PassbackScorm.terminated || player.finished)({ reason: "finished", request });
  let current = {};
  const furnish = ({ content }) => {
    const recorder = content.mode === "normal" ? new Recorder(player, "scorm") : silentRecorder;
    recorder.watch(globalThis);
    current.over = true;
    current = content;
    globalThis.API_1484_11 = createApi(content, recorder, finished);
  };
  furnish(player.boot);
  player.onFurnished?.(furnish); // another activity: the model anew, and a recorder that has not said its last words
})();
