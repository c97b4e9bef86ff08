// Turns what content sets into events of the player's journal: deltas, each element once, in the order of the last set.
// A burst becomes one event; what must not wait goes at once (design §8).
"use strict";
(() => {
  const BURST = 250; // ms from the first unrecorded change to its event: a tab that dies takes at most this with it
  const LARGE_VALUE = 8 * 1024; // a page that ends has 64 kB in flight in all, so nothing large may be left over
  const LARGE_REST = 16 * 1024;

  class Recorder {
    // player: passbackPlayer. prefix: the content type's word before every kind.
    constructor(player, prefix) {
      this.player = player;
      this.prefix = prefix;
      this.pending = new Map();
      this.weight = 0;
      this.timer = null;
      this.release = null;
      this.ending = false;
      this.calls = new globalThis.PassbackScorm.CallLog();
    }

    // Notes a call that was refused; those that are taken come by `change`, `event` and `commit`.
    refused(call, name, text, error) {
      this.calls.note(call, name, text, error);
    }

    // Remembers a change; `urgent` sends it and everything before it now.
    change(name, text, urgent) {
      this.calls.note("set", name, text, 0);
      if (text.length > LARGE_VALUE) this.flush(true); // an event has room for one large value
      this.weight -= (this.pending.get(name) || "").length;
      this.pending.delete(name); // so that it comes after what it may depend on
      this.pending.set(name, text);
      this.weight += text.length;
      if (urgent) globalThis.PassbackScorm.judged = true; // what may be opened next can depend on it
      if (urgent || this.ending || text.length > LARGE_VALUE || this.weight > LARGE_REST) this.flush(true);
      else if (this.timer === null) this.gather();
    }

    // Waits for more of the burst. What waits is not saved, and the player must not say so.
    gather() {
      this.release = this.player.hold();
      this.timer = setTimeout(() => this.flush(false), BURST);
    }

    // Records an event of its own, with all changes that wait.
    event(word) {
      this.calls.note(word === "finish" ? "terminate" : word, "", null, 0);
      this.record(word, true);
    }

    // Records the changes that wait.
    flush(urgent) {
      if (this.pending.size > 0) this.record("set", urgent);
    }

    // Records all that waits before the page may go, be it only what content called.
    flushAll() {
      if (this.pending.size > 0) this.record("set", true);
      else if (!this.calls.isEmpty) this.record("calls", true);
    }

    // Makes sure that everything recorded is on its way.
    commit() {
      this.calls.note("commit", "", null, 0);
      if (this.pending.size > 0) this.record("commit", true);
      else this.player.flush();
    }

    record(word, urgent) {
      clearTimeout(this.timer);
      this.timer = null;
      const values = [...this.pending].map(([name, text]) => [name, globalThis.PassbackScorm.pack(text)]);
      this.pending.clear();
      this.weight = 0;
      const data = values.length > 0 ? { values } : {};
      if (!this.calls.isEmpty) data.calls = this.calls.take();
      if (globalThis.PassbackScorm.closing) data.closing = true; // an end that the closing of the page brought about
      const release = this.release;
      this.release = null;
      try {
        this.player.record(`${this.prefix}.${word}`, data, {
          urgent: urgent || this.ending,
          activity: this.player.boot.activity,
        });
      } finally {
        release?.(); // after it: "saved" must not flicker up in between
      }
    }

    // Watches the page's end: content's own unload handlers still call the API after it began.
    watch(page) {
      const hidden = () => { if (page.document.visibilityState === "hidden") this.flushAll(); };
      page.addEventListener("visibilitychange", hidden, true);
      this.player.onTeardown(() => {
        this.ending = true;
        this.flushAll();
      });
    }
  }

  // In review and browse mode nothing counts, so nothing is said.
  const silent = { change() {}, refused() {}, event() {}, flush() {}, commit() {}, watch() {} };

  globalThis.PassbackScorm = { ...globalThis.PassbackScorm, Recorder, silentRecorder: silent };
})();
