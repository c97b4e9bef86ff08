// Leads through a course of several activities: what the learner presses and what content asks for become one event,
// and the player shows what the server makes of it. The learner's press comes first: once it is under way, nothing that
// content asks for while it leaves is taken any more (the player's `proceed`).
"use strict";
(() => {
  const player = globalThis.passbackPlayer;
  if (!player || !player.boot) return;
  let boot = player.boot;
  player.onFurnished?.((fresh) => { boot = fresh; });

  const go = (request, target = "") =>
    player.proceed("scorm.navigate", { request, target }, { activity: boot.activity });

  // The page may be about to go. The player's page hears of it before the content in it.
  const closing = () => { globalThis.PassbackScorm.closing = true; };
  globalThis.addEventListener("pagehide", closing, true);
  globalThis.addEventListener("beforeunload", () => {
    closing();
    setTimeout(() => { globalThis.PassbackScorm.closing = false; }); // the learner may stay after all
  }, true);

  // In a preview or a review nothing is recorded: it goes where it is asked to.
  const look = (request, target) => {
    const { order } = boot.content;
    const step = { continue: 1, previous: -1 }[request];
    const wanted = step ? order[order.indexOf(boot.activity) + step] : target;
    return wanted ? player.proceed("", {}, { wanted }) : player.finished({ reason: "end" });
  };

  player.navigator = (request, target) => {
    if (request === "closed") return player.finished({ reason: "closed" });
    return boot.content.mode === "normal" ? go(request, target) : look(request, target);
  };

  // A status or a score is saved: what may be opened next can be another thing now.
  const refresh = async () => {
    const shown = boot;
    globalThis.PassbackScorm.judged = false;
    const fresh = await player.refresh();
    if (fresh && boot === shown && shown.content.validity) Object.assign(shown.content.validity, fresh.content.validity);
    return fresh;
  };
  player.state.subscribe((status) => {
    if (status === "saved" && globalThis.PassbackScorm.judged && boot.content.mode === "normal") refresh();
  });

  // Content ended. What it asked for is the server's to judge; where it asked for nothing, the learner says what comes next.
  globalThis.PassbackScorm.terminated = async ({ reason, request = "" }) => {
    const [, target = "", verb = request] = /^\{target=(.*)\}(choice|jump)$/s.exec(request) ?? [];
    if (globalThis.PassbackScorm.closing) return; // its leave-taking, not a wish to go on
    if (boot.content.mode === "normal" && verb) return void go(verb, target);
    const ended = boot;
    const fresh = boot.content.mode === "normal" && (await player.flush()) ? await refresh() : null;
    if (boot !== ended || fresh?.content.suggestion === "stay") return;
    if (fresh?.content.suggestion === "end") return void go("exitAll");
    player.finished({ reason });
  };
})();
