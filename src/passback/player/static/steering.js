/*
 * Frames that lead each other. Courses made of framesets are common: a frame with the contents or the run time opens the
 * pages in the frame beside it, or in its parent. In a sandbox (docs/decisions/0005) a page may lead itself and the frames
 * within it, nothing else, so browsers refuse that. The player's page stands above them all and may: it does it for them,
 * inside the course only. The course's own outermost page is as high as this reaches; the player and the LMS stay out of reach.
 *
 * What scripts do (`parent.main.location = "2.html"`) is caught where frames of framesets ask for their parent: they get a
 * stand-in for that window which says the same as the window and answers for `location` itself. Frames that are not of a
 * frameset get the real one, because their scripts compare it with the `source` of messages; links and `open()` that name
 * another frame are caught in both.
 */
(() => {
  "use strict";
  const parts = (window.passbackParts ??= {});
  const SELF = new Set(["", "_self", "_blank", "_top", "_unfencedtop"]);
  const standIns = new WeakMap(); // window -> its stand-in

  /* The window that may lead others is the one whose function runs: this page's. */
  const lead = (view, address, base, replace) => {
    const target = new URL(address, base).href;
    if (replace) view.location.replace(target);
    else view.location.href = target;
  };

  const locationOf = (view, asking) => new Proxy({}, {
    get: (_target, name) => {
      if (name === "assign" || name === "replace") {
        return (address) => lead(view, address, asking.document.baseURI, name === "replace");
      }
      const value = view.location[name];
      return typeof value === "function" ? value.bind(view.location) : value;
    },
    set: (_target, name, value) => {
      if (name === "href") lead(view, value, asking.document.baseURI, false);
      else view.location[name] = value;
      return true;
    },
    has: (_target, name) => name in view.location,
  });

  /* A frame's name for its parent: `window`, `frames[1]`, `frames.main` and `parent` lead on to stand-ins of their own. */
  const standIn = (view, asking, top) => {
    const known = standIns.get(asking) ?? new Map();
    standIns.set(asking, known);
    if (known.has(view)) return known.get(view);
    const natives = new Map();
    const made = new Proxy({}, {
      get: (_target, name) => {
        if (name === "window" || name === "self" || name === "frames") return made;
        if (name === "location") return locationOf(view, asking);
        const value = view[name];
        if (name === "parent") return view === top ? value : standIn(value, asking, top);
        if (isFrameOf(view, value)) return value === asking ? value : standIn(value, asking, top);
        if (typeof value !== "function" || value.prototype) return value;
        if (!natives.has(value)) natives.set(value, value.bind(view)); // `parent.setTimeout` wants the window itself
        return natives.get(value);
      },
      set: (_target, name, value) => {
        if (name === "location") lead(view, value, asking.document.baseURI, false);
        else view[name] = value;
        return true;
      },
      has: (_target, name) => name in view,
      deleteProperty: (_target, name) => delete view[name],
    });
    known.set(view, made);
    return made;
  };

  const isFrameOf = (view, value) => {
    if (value === null || typeof value !== "object") return false;
    for (let index = 0; index < view.length; index += 1) if (view[index] === value) return true;
    return false;
  };

  /* Not `view.parent`, which may be a stand-in. */
  const parentOf = (view) => view.frameElement?.ownerDocument.defaultView ?? null;

  const within = (view, ancestor) => {
    for (let one = view; one; one = parentOf(one)) if (one === ancestor) return true;
    return false;
  };

  /* The frame of the course that goes by `name`, in the order in which the document tree has them. */
  const named = (name, view) => {
    try {
      if (view.name === name) return view;
      for (let index = 0; index < view.length; index += 1) {
        const found = named(name, view[index]);
        if (found) return found;
      }
    } catch {
      // another origin: its frames have no names for the course
    }
    return null;
  };

  /* What a link's target means, where that is a window that the page itself may not lead; else null. */
  const outOfReach = (target, view, top) => {
    if (SELF.has(target.toLowerCase())) return null;
    const above = view === top ? null : parentOf(view);
    const found = target.toLowerCase() === "_parent" ? above : named(target, top);
    return found && !within(found, view) ? found : null;
  };

  /* Let the page in `view` lead other frames of the course, whose outermost page is in `top`. */
  parts.steer = (view, top) => {
    if (view !== top && view.frameElement?.localName === "frame") {
      let parent = standIn(view.parent, view, top);
      const define = { configurable: true, enumerable: true, get: () => parent, set: (value) => { parent = value; } };
      view.Object.defineProperty(view, "parent", define);
    }
    const open = view.open;
    view.open = (address = "", target = "", ...more) => {
      const found = address ? outOfReach(String(target), view, top) : null;
      if (!found) return open.call(view, address, target, ...more);
      lead(found, address, view.document.baseURI, false);
      return found;
    };
  };

  /* The same for links of one document (a window loses its listeners where it serves a second document). */
  parts.steerLinks = (view, top) => {
    const page = view.document;
    page.addEventListener("click", (event) => {
      const link = event.composedPath().find((one) => one.localName === "a" || one.localName === "area");
      if (typeof link?.href !== "string" || event.defaultPrevented) return;
      if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return; // the browser's own windows
      const target = link.target || page.querySelector("base[target]")?.target || "";
      const found = link.href && outOfReach(target, view, top);
      if (!found) return;
      event.preventDefault();
      lead(found, link.href, page.baseURI, false);
    });
  };
})();
