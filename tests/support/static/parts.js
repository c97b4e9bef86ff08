/* The run time of the toy of several parts: content finds `Parts` one window up. */
(() => {
  "use strict";
  const player = window.passbackPlayer;
  let boot = player.boot;
  player.onFurnished((fresh) => { boot = fresh; });
  player.navigator = (request, target) => {
    if (boot.mode === "normal") return player.proceed("parts.go", { request, target }, { activity: boot.activity });
    const { ids } = boot.content;
    const step = { continue: 1, previous: -1 }[request] ?? 0;
    return player.proceed("", {}, { wanted: step ? ids[ids.indexOf(boot.activity) + step] : target });
  };
  window.Parts = {
    said: () => boot.content.said,
    done: () => player.record("parts.done", {}, { urgent: true, activity: boot.activity }),
    finish: () => player.finished({ reason: "end" }),
    go: (request, target = "") => player.navigator(request, target),
  };
})();
