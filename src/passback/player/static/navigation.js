/*
 * The menu of a course of several activities, with its buttons. What may be chosen, and what a choice means, is the
 * content type's business; this only shows it and tells what was pressed.
 */
(() => {
  "use strict";
  const parts = window.passbackParts;
  const { $ } = parts.page;
  const WIDE = matchMedia("(min-width: 60rem)");

  const element = (name, text = "", className = "") => {
    const made = document.createElement(name);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  parts.Navigation = class Navigation {
    /* `go(request, target)` is called when the learner presses something; `words` as in the page. */
    constructor({ words, go }) {
      Object.assign(this, { words, go });
      this.chosen = null; // open or closed by the learner's own hand; until then by the width of the window
      $("menu-open").addEventListener("click", () => this.open($("menu").hidden));
      $("previous").addEventListener("click", () => this.press("previous"));
      $("next").addEventListener("click", () => this.press("continue"));
      $("menu").addEventListener("keydown", (event) => {
        if (event.key === "Escape" && !WIDE.matches) this.open(false);
      });
      WIDE.addEventListener("change", () => this.settle());
    }

    /* Show `shown` (`Navigation` of passback.plugin, as JSON), or nothing at all where it is null. */
    draw(shown, { anew = false } = {}) {
      const drawn = JSON.stringify(shown);
      if (drawn === this.drawn && !anew) return; // nothing that has the focus is replaced for nothing
      this.drawn = drawn;
      this.shown = shown;
      const menu = shown?.menu ?? [];
      const has = menu.length > 0 || (shown?.actions.length ?? 0) > 0;
      $("menu-open").hidden = !has;
      $("steps").hidden = !shown || (!shown.can_continue && !shown.can_previous && !has);
      $("previous").disabled = !shown?.can_previous;
      $("next").disabled = !shown?.can_continue;
      $("menu").replaceChildren(...(has ? [this.list(menu), ...shown.actions.map((one) => this.action(one))] : []));
      this.settle();
    }

    list(items) {
      const list = element("ul");
      for (const item of items) {
        const line = element("li");
        line.append(this.line(item));
        if (item.children.length) line.append(this.list(item.children));
        list.append(line);
      }
      return list;
    }

    line(item) {
      const open = item.enabled && !this.busy;
      const made = element(open ? "button" : "span", "", "line");
      if (open) {
        made.type = "button";
        made.addEventListener("click", () => this.press("choice", item.id));
      }
      if (item.current) made.setAttribute("aria-current", "step");
      made.append(element("span", item.title));
      const status = this.words[`status_${item.status}`] ?? (item.enabled || item.children.length ? "" : this.words.status_closed);
      if (status) made.append(" ", element("small", status));
      if (item.status) made.dataset.status = item.status;
      return made;
    }

    action({ id, label }) {
      const made = element("button", label, "secondary");
      made.type = "button";
      made.disabled = Boolean(this.busy);
      made.addEventListener("click", () => this.press(id));
      return made;
    }

    press(request, target = "") {
      if (this.busy) return;
      if (!WIDE.matches) this.open(false);
      this.go(request, target);
    }

    /* While the next activity is fetched nothing can be pressed. */
    wait(busy) {
      this.busy = busy;
      if (this.shown) this.draw(this.shown, { anew: true });
      if (busy) $("previous").disabled = $("next").disabled = true;
    }

    open(open) {
      this.chosen = open;
      this.settle();
      if (open) $("menu").querySelector("[aria-current], button")?.focus();
      else $("menu-open").focus();
    }

    settle() {
      const open = !$("menu-open").hidden && (this.chosen ?? WIDE.matches);
      $("menu").hidden = !open;
      $("menu-open").setAttribute("aria-expanded", String(open));
    }
  };
})();
