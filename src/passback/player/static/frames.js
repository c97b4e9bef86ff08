/*
 * The content's windows. They are of our own origin, so what a browser refuses or does badly in a frame is put right in
 * each of them before its scripts run: an in-memory stand-in where storage is refused, `close()` as a way to leave, frames
 * that lead each other (`steering.js`), and a watch on `alert` and `confirm`, which some browsers swallow in frames.
 *
 * How "before": a frame's first document keeps the Window object of the initial about:blank, with what we put on it
 * (HTML, "create and initialize a Document object"). Later documents come with a new Window: from `pagehide` of the old
 * one we look again on every turn of the event loop, which is before the new document's parser runs its first script.
 * Measured in Chromium 156 with third-party cookies blocked, nested frames, framesets and later pages included. It falls
 * short for frames that are made and written to by script within one turn, and for windows the content opens itself.
 */
(() => {
  "use strict";
  const parts = (window.passbackParts ??= {});
  const SWALLOWED = 15; // milliseconds; nobody answers a dialog faster
  const SPIN = 1000;
  const WAIT = 60000;

  const memoryStorage = () => {
    const values = new Map();
    const methods = {
      getItem: (key) => values.get(String(key)) ?? null,
      setItem: (key, value) => { values.set(String(key), String(value)); },
      removeItem: (key) => { values.delete(String(key)); },
      clear: () => values.clear(),
      key: (index) => [...values.keys()][index] ?? null,
    };
    return new Proxy(methods, {
      get: (target, key) => {
        if (key === "length") return values.size;
        return key in target || typeof key === "symbol" ? target[key] : values.get(key);
      },
      set: (_target, key, value) => { values.set(String(key), String(value)); return true; },
      has: (target, key) => key in target || values.has(key),
      deleteProperty: (_target, key) => { values.delete(key); return true; },
      ownKeys: () => [...values.keys()],
      getOwnPropertyDescriptor: (_target, key) =>
        values.has(key) ? { value: values.get(key), writable: true, enumerable: true, configurable: true } : undefined,
    });
  };

  parts.storageRefused = () => {
    try {
      window.localStorage.getItem("passback");
      window.sessionStorage.getItem("passback");
      return false;
    } catch {
      return true;
    }
  };

  /* Watch `frame` and every frame in it. `standIn`: storage is refused; `closed()`, `swallowed()` are told. */
  parts.adopt = (frame, { standIn, closed, swallowed }) => {
    const stores = { localStorage: memoryStorage(), sessionStorage: memoryStorage() };
    const globals = new WeakSet();
    const documents = new WeakSet();

    const patch = (view) => {
      if (globals.has(view.Object)) return;
      globals.add(view.Object);
      if (standIn) {
        for (const [name, store] of Object.entries(stores)) {
          view.Object.defineProperty(view, name, { configurable: true, get: () => store });
        }
      }
      view.close = closed;
      parts.steer(view, frame.contentWindow);
      for (const name of ["alert", "confirm", "prompt"]) {
        const native = view[name];
        view[name] = (...words) => {
          const asked = performance.now();
          const answer = native.apply(view, words);
          if (performance.now() - asked < SWALLOWED) swallowed();
          return answer;
        };
      }
    };

    const watch = (view) => {
      const page = view.document;
      if (documents.has(page)) return;
      documents.add(page);
      patch(view);
      parts.steerLinks(view, frame.contentWindow);
      for (const inner of page.querySelectorAll("iframe, frame")) adopt(inner);
      new view.MutationObserver((changes) => {
        for (const { addedNodes } of changes) {
          for (const node of addedNodes) {
            if (node.nodeType !== 1) continue;
            if (node.matches("iframe, frame")) adopt(node);
            for (const inner of node.querySelectorAll("iframe, frame")) adopt(inner);
          }
        }
      }).observe(page, { childList: true, subtree: true });
      view.addEventListener("pagehide", () => chase(view, page), { capture: true });
    };

    /* Look at `view` on every turn of the event loop until it shows another document than `before`. */
    const chase = (view, before) => {
      const channel = new MessageChannel();
      const start = performance.now();
      const look = () => {
        let page;
        try {
          page = view.document;
        } catch {
          return; // another origin: nothing of ours to do there
        }
        const waited = performance.now() - start;
        if (!page || waited > WAIT || view.closed) return;
        if (page !== before) watch(view);
        else if (waited < SPIN) channel.port2.postMessage(0);
        else setTimeout(look, 4);
      };
      channel.port1.onmessage = look;
      channel.port2.postMessage(0);
    };

    const adopt = (element) => {
      const glance = () => {
        try {
          if (element.contentWindow?.document) watch(element.contentWindow);
        } catch {
          // another origin: nothing of ours to do there
        }
      };
      element.addEventListener("load", glance);
      try {
        const view = element.contentWindow;
        const page = view?.document;
        if (!page) return;
        watch(view);
        if (page.URL === "about:blank") chase(view, page);
      } catch {
        // another origin: nothing of ours to do there
      }
    };

    adopt(frame);
  };
})();
