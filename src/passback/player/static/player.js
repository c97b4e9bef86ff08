/* The player page: delivers what was left over, opens the session, starts the content, sees it out. */
(() => {
  "use strict";
  const parts = window.passbackParts;
  const page = JSON.parse(document.getElementById("passback-page").textContent);
  const words = page.words;
  const { $, show, say, notice, ask } = parts.page;
  const framed = window.top !== window;
  const refused = parts.storageRefused();
  const watchers = new Set();
  const teardown = new Set();
  const furnishers = new Set();
  let journal = null;
  let vault = null;
  let frame = null;
  let ending = false;
  let moving = false; // from one activity to the next
  let navigation = null;

  // --- What the learner sees ---------------------------------------------------------------------------------------

  const saved = (status) => {
    const quiet = page.preview && status !== "offline";
    $("saved").textContent = quiet ? words.preview_short : words[status];
    $("saved").parentElement.dataset.status = quiet ? "preview" : status;
    // The live region speaks of trouble and of its end, not of every change.
    if (status === "offline" || status === "refused") say(words[status]);
    else if (status === "saved" && $("say").textContent === words.offline) say(words.saved);
    for (const watcher of watchers) watcher(status);
  };

  // --- The window --------------------------------------------------------------------------------------------------

  const openWindow = () => {
    const opened = window.open(page.open_url, "_blank");
    if (!opened) return notice("window", words.popup_blocked);
    if (journal) {
      removeContent();
      journal.farewell();
    }
    ending = true;
    return ask(words.window_title, words.window_text, [words.continue_here, { keep: () => location.reload() }]);
  };

  // A phone, or a narrow frame on a touch screen.
  const small = () =>
    Math.min(screen.width, screen.height, window.innerWidth) < 600 && matchMedia("(pointer: coarse)").matches;

  const offerWindow = async (title, text) => {
    await ask(title, text, [words.own_window, { keep: openWindow }], [words.continue_here, {}, "secondary"]);
  };

  const swallowed = () => {
    if (framed) notice("dialogs", words.dialogs, [words.dismiss, () => notice("dialogs"), "secondary"]);
  };

  // Safari shows no dialogs in frames of another site; a dialog that comes back at once (frames.js) tells of the others.
  const hushes = () => {
    if (!framed || !/Apple/.test(navigator.vendor)) return false;
    try {
      return window.top.location.origin !== location.origin;
    } catch {
      return true;
    }
  };

  // --- Opening -----------------------------------------------------------------------------------------------------

  const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

  /* The tab's name: the same after a reload, another in another tab. Empty storage or none: a new one. */
  const tabName = () => {
    const fresh = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    try {
      const known = sessionStorage.getItem("passback-tab") ?? fresh;
      sessionStorage.setItem("passback-tab", known);
      return known;
    } catch {
      return fresh;
    }
  };

  /* Hold a lock for as long as this page lives, so that another page can tell our journal from a left-over one. */
  const hold = (session) =>
    navigator.locks?.request(`passback/${session}`, { ifAvailable: true }, () => new Promise(() => {})).catch(() => {});

  const abandoned = async (session) => {
    if (!navigator.locks) return true;
    return navigator.locks.request(`passback/${session}`, { ifAvailable: true }, (lock) => lock !== null).catch(() => true);
  };

  const hopeless = (status) => status >= 400 && status < 500 && status !== 408 && status !== 429;

  const deliverLeftovers = async () => {
    for (const { session, token, events } of await vault.leftovers().catch(() => [])) {
      if (!(await abandoned(session))) continue;
      for (let from = 0; from < events.length; from += 50) {
        const body = JSON.stringify({ leaving: from + 50 >= events.length, events: events.slice(from, from + 50) });
        const { status, value } = await parts.post(`/play/${token}/events`, body).catch(() => ({ status: 0 }));
        if (status === 200) vault.remove(session, value.applied);
        else if (hopeless(status)) vault.remove(session, events.at(-1).seq); // too old, or its registration is gone
        else break;
      }
    }
    await vault.work;
  };

  const bootOnce = async (takeOver) => {
    const asked = Date.now();
    const body = JSON.stringify({ tab: page.tab, take_over: takeOver });
    const { status, value } = await parts.post(`${location.pathname}boot`, body);
    return { status, value, offset: Math.round((value.server_time ?? Date.now()) - (asked + Date.now()) / 2) };
  };

  const boot = async () => {
    let takeOver = false;
    for (let tries = 0; ; tries += 1) {
      const answer = await bootOnce(takeOver).catch(() => ({ status: 0, value: {} }));
      if (answer.status === 200) return answer;
      if (answer.value.code === "session_busy") {
        await ask(words.busy_title, words.busy_text, [words.continue_here, {}]);
        takeOver = true;
      } else if (answer.value.code === "moved") {
        location.replace(answer.value.url);
        return new Promise(() => {});
      } else if (hopeless(answer.status) || answer.value.code === "content_type_missing") {
        await ask(answer.value.title ?? words.refused, answer.value.detail ?? "", [words.retry, { keep: () => location.reload() }]);
      } else {
        notice("reach", words.unreachable);
        await pause(Math.min(30000, 1000 * 2 ** tries));
      }
    }
  };

  const addScript = (source) =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = source;
      script.onload = resolve;
      script.onerror = () => reject(new Error(source));
      document.head.append(script);
    });

  // --- Leaving -----------------------------------------------------------------------------------------------------

  /* Take the content away, so that its own leave-taking is heard before ours. */
  const removeContent = () => {
    frame?.remove();
    frame = null;
  };

  const blankContent = async () => {
    if (!frame) return;
    const gone = new Promise((resolve) => { frame.addEventListener("load", resolve, { once: true }); });
    frame.contentWindow.location.replace("about:blank");
    await Promise.race([gone, pause(1500)]);
    removeContent();
  };

  const lastWords = () => {
    for (const callback of teardown) {
      try {
        callback();
      } catch (error) {
        console.error(error);
      }
    }
    teardown.clear();
  };

  const leave = async () => {
    if (ending) return;
    ending = true;
    $("leave").disabled = true;
    await blankContent();
    lastWords();
    say(words.saving);
    const done = await Promise.race([journal ? journal.flush({ leaving: true }) : true, pause(15000)]);
    if (done) {
      location.replace(page.result_url);
      return;
    }
    const go = () => location.replace(page.result_url);
    const text = vault ? words.unsaved_kept : words.unsaved_memory;
    const settle = setInterval(() => { if (!journal.waiting.length) go(); }, 500);
    await ask(words.unsaved_title, text, [words.leave_anyway, {}, "secondary"]);
    clearInterval(settle);
    go();
  };

  const finished = ({ reason = "" } = {}) => {
    journal.flush();
    if (ending || moving) return;
    const next = navigation.shown?.can_continue;
    const onward = next ? [words.next, () => navigation.press("continue")] : [words.leave, leave];
    const stay = () => notice("finished");
    notice("finished", next ? words.part_finished : words.finished, onward, [words.stay, stay, "secondary"]);
    document.body.dataset.finished = reason || "finished";
  };

  /* Close the content, say why until that is read, and leave, or go `onward`. */
  const close = async (text, onward = null) => {
    if (ending || moving) return;
    moving = true;
    notice("finished");
    await blankContent();
    lastWords();
    journal.flush();
    say(text);
    await ask(words.closed_title, text, [onward ? words.next : words.leave, {}]);
    moving = false;
    return (onward ?? leave)();
  };

  // --- Going on to another activity --------------------------------------------------------------------------------

  /* Resolves once the server has everything, or once it never will ("refused"). */
  const allSaved = () =>
    new Promise((resolve) => {
      const look = (status) => {
        if (status !== "saved" && status !== "refused") return;
        watchers.delete(look);
        resolve(status);
      };
      watchers.add(look);
      journal.flush();
      look(journal.status);
    });

  const furnish = async (wanted) => {
    for (let tries = 0; ; tries += 1) {
      const body = JSON.stringify({ token: journal.token, wanted });
      const { status, value } = await parts.post(`${location.pathname}furnish`, body).catch(() => ({ status: 0, value: {} }));
      if (status === 200) {
        notice("reach");
        return value;
      }
      if (hopeless(status)) {
        await ask(value.title ?? words.refused, value.detail ?? "", [words.retry, { keep: () => location.reload() }]);
      }
      notice("reach", words.unreachable);
      await pause(Math.min(30000, 1000 * 2 ** tries));
    }
  };

  /* Put what the server furnished before the learner. */
  const arrive = (furnished) => {
    if (furnished.ended) return leave();
    navigation.draw(furnished.navigation);
    $("panel-actions").replaceChildren();
    $("panel-title").textContent = words.choose;
    const note = furnished.navigation?.note ?? "";
    $("panel-text").textContent = note;
    show($("panel"), !furnished.start);
    notice("note", furnished.start && note, [words.dismiss, () => notice("note"), "secondary"]);
    if (furnished.start) startContent(furnished.start);
    else navigation.open(true);
    if (note || !furnished.start) say(note || words.choose);
  };

  /*
   * Leave the activity, say `kind` with `data` ("" for nothing), and show what the content type shows then. What the
   * content asks for while it is taken away comes too late: the learner was first.
   */
  const proceed = async (kind, data = {}, { wanted = "", activity = "" } = {}) => {
    if (ending || moving) return;
    moving = true;
    navigation.wait(true);
    notice("finished");
    notice("content");
    await blankContent();
    lastWords();
    say(words.part_opens);
    if (kind) journal.record(kind, data, { urgent: true, activity });
    if ((await allSaved()) === "refused" || ending) return;
    const furnished = await furnish(wanted);
    if (furnished.redirect) return location.replace(furnished.redirect);
    moving = false;
    navigation.wait(false);
    const { boot: was } = window.passbackPlayer;
    window.passbackPlayer.boot = { ...was, ...furnished.boot };
    for (const callback of furnishers) callback(window.passbackPlayer.boot);
    arrive(furnished);
  };

  /* Ask how things stand without moving: menu and buttons are drawn anew. Resolves with the fresh `boot`, or null. */
  const refresh = async () => {
    const body = JSON.stringify({ token: journal.token, wanted: "" });
    const { status, value } = await parts.post(`${location.pathname}furnish`, body).catch(() => ({ status: 0 }));
    if (status !== 200 || ending || moving) return null;
    navigation.draw(value.navigation);
    return value.boot ?? null;
  };

  const go = (request, target) => {
    const { navigator } = window.passbackPlayer;
    if (!ending && !moving && navigator) navigator(request, target);
  };

  const superseded = () => {
    journal.quieten();
    if (ending) return;
    ending = true;
    removeContent();
    lastWords();
    journal.pump();
    ask(words.elsewhere_title, words.elsewhere_text, [words.continue_here, { keep: () => location.reload() }]);
  };

  const answered = (answer) => {
    if (answer.status === "superseded") superseded();
    if (answer.status === "refused") notice("refused", answer.title || words.refused, [words.retry, () => location.reload()]);
  };

  // The page ends (or freezes): our handlers run before the content's `unload` (see journal.js, farewell).
  window.addEventListener("pagehide", () => {
    if (!journal || page.over) return;
    lastWords();
    journal.farewell();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") journal?.farewell({ leaving: false });
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // --- The way in --------------------------------------------------------------------------------------------------

  const startContent = (start) => {
    frame = document.createElement("iframe");
    frame.id = "content";
    frame.title = window.passbackPlayer.boot.activityTitle || page.title;
    frame.allow = "fullscreen; autoplay; microphone; camera; encrypted-media; picture-in-picture; clipboard-write; gyroscope; accelerometer";
    $("stage").append(frame);
    const exit = () => {
      if (page.over || moving) return;
      if (navigation.shown && window.passbackPlayer.navigator) go("closed", "");
      else leave();
    };
    parts.adopt(frame, { standIn: refused, closed: exit, swallowed });
    window.close = exit; // content that calls parent.close() or top.close()
    frame.src = start;
    frame.focus();
    if (navigation.shown) say(frame.title);
  };

  const publish = (data) => {
    window.passbackPlayer = {
      boot: data,
      record: (kind, value, options) => journal.record(kind, value, options),
      hold: () => journal.hold(),
      flush: () => journal.flush(),
      finished,
      close,
      notify: (text) => notice("content", text, [words.dismiss, () => notice("content"), "secondary"]),
      proceed,
      refresh,
      navigator: null,
      onFurnished: (callback) => { furnishers.add(callback); },
      onTeardown: (callback) => { teardown.add(callback); },
      state: {
        get value() { return journal.status; },
        subscribe: (callback) => { watchers.add(callback); return () => watchers.delete(callback); },
      },
    };
  };

  const open = async () => {
    page.tab = tabName();
    show($("own-window"), framed);
    $("own-window").addEventListener("click", openWindow);
    $("leave").addEventListener("click", leave);
    if (framed && small()) await offerWindow(words.phone_title, words.phone_text);
    vault = page.preview ? null : await parts.openVault(page.scope, page.key);
    if (vault) await deliverLeftovers();
    const { value, offset } = await boot();
    notice("reach");
    if (value.redirect) return location.replace(value.redirect);
    if (value.session) hold(value.session);
    journal = new parts.Journal({ session: value.session, token: value.token, vault, offset, changed: saved, answered });
    saved("saved");
    if (framed && value.full_window) await offerWindow(words.full_title, words.full_text);
    if (page.preview) notice("preview", words.preview);
    if (!page.preview && !vault) {
      const dismiss = [words.dismiss, () => notice("memory"), "secondary"];
      notice("memory", framed ? words.memory_framed : words.memory, dismiss);
    }
    if (hushes()) swallowed();
    if (value.mode === "review") notice("review", words.review, [words.dismiss, () => notice("review"), "secondary"]);
    publish(value.boot);
    navigation = new parts.Navigation({ words, go });
    for (const source of value.scripts) await addScript(source);
    return arrive(value);
  };

  open().catch((error) => {
    console.error(error);
    ask(words.fault_title, words.fault_text, [words.retry, { keep: () => location.reload() }]);
  });
})();
