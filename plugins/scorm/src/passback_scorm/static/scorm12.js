// The SCORM 1.2 run-time API on the player page, one step above the content frame, so that every API finder meets it at
// once.
"use strict";
(() => {
  const { Recorder, silentRecorder, createApi } = globalThis.PassbackScorm;
  const player = globalThis.passbackPlayer;
  if (!player || !player.boot) return;
  const boot = player.boot.content;
  const recorder = boot.mode === "normal" ? new Recorder(player, "scorm") : silentRecorder;
  recorder.watch(globalThis);
  globalThis.API = createApi(boot, recorder, () => player.finished({ reason: "finished" }));
})();
