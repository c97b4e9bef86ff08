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

  // Content may turn its own page, and call its end while it does. Where the page that comes is another unit's (eXeLearning's
  // pages link to each other), the learner followed a link of the course, and the player follows; anything else is the
  // content's own business: an end that was only the turning of a page leads nobody away.
  let turning = false; // content's own page is going, in this very moment
  const frame = () => document.getElementById("content");
  const shownPage = () => {
    try {
      return frame()?.contentDocument ?? null;
    } catch {
      return null;
    }
  };
  const tail = (href) => {
    const { pathname, search } = new URL(href, "http://package/");
    return pathname.slice(1) + search;
  };
  const follow = () => {
    const page = shownPage();
    const { pages = [] } = boot.content;
    const own = pages.find(([unit]) => unit === boot.activity)?.[1];
    if (!page || own === undefined) return;
    const start = frame().src.split("#")[0];
    if (!start.endsWith(tail(own))) return;
    const there = page.URL.split("#")[0].slice(start.length - tail(own).length);
    const units = pages.filter(([, href]) => tail(href) === there);
    if (units.length > 0 && !units.some(([unit]) => unit === boot.activity)) player.navigator("choice", units[0][0]);
  };
  const watchPage = (element) => {
    const page = shownPage();
    const goes = () => {
      turning = true;
      setTimeout(() => { turning = false; });
    };
    const soon = (tries) => {
      if (element !== frame() || tries === 0) return;
      if (shownPage() === page) setTimeout(() => soon(tries - 1), 5);
      else follow(); // before its scripts meet an API that has ended
    };
    const view = page?.defaultView;
    view?.addEventListener("beforeunload", goes, true);
    view?.addEventListener("pagehide", () => { goes(); soon(400); }, true);
  };
  document.addEventListener("load", ({ target }) => {
    if (target !== frame()) return;
    watchPage(target);
    follow();
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
    if (turning) return;
    const [ended, page] = [boot, shownPage()];
    const fresh = boot.content.mode === "normal" && (await player.flush()) ? await refresh() : null;
    if (boot !== ended || shownPage() !== page || fresh?.content.suggestion === "stay") return;
    if (fresh?.content.suggestion === "end") return void go("exitAll");
    if (fresh?.content.onward) return void go("continue");
    player.finished({ reason });
  };
})();
