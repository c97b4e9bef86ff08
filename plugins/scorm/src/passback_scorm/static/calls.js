// What content called, told with its events so that support can see it: names of elements, sizes and error codes, no
// learner's words. Values only of statuses, scores, places and times. Bounded: content may call thousands of times.
"use strict";
(() => {
  const AT_ONCE = 60; // lines that go with one event
  const ALTOGETHER = 1500; // lines of one activity's run; what comes after is counted
  const LONGEST_NAME = 120;
  const LONGEST_VALUE = 60;
  const TOLD = /(^|\.)(lesson_status|completion_status|success_status|status|score\.(raw|min|max|scaled)|progress_measure|lesson_location|location|exit|session_time|request)$/;

  class CallLog {
    constructor() {
      this.lines = [];
      this.more = 0;
      this.left = ALTOGETHER;
    }

    get isEmpty() {
      return this.lines.length === 0;
    }

    // One call; the same one again only counts. `text` is what was set, null for nothing; `error` 0 where it was taken.
    note(call, name, text, error) {
      const element = name.slice(0, LONGEST_NAME);
      const size = text === null ? 0 : text.length;
      const value = text !== null && TOLD.test(element) ? text.slice(0, LONGEST_VALUE) : "";
      const at = Date.now();
      const last = this.lines.at(-1);
      if (last && last.call === call && last.element === element && last.error === error && last.value === value) {
        Object.assign(last, { at, size, times: last.times + 1 });
      } else if (this.lines.length >= AT_ONCE || this.left <= 0) {
        this.more += 1;
      } else {
        this.left -= 1;
        this.lines.push({ at, call, element, size, error, value, times: 1 });
      }
    }

    // Everything since the last time, as it goes with an event: [ms before it, call, element, size, error, times, value].
    take() {
      const now = Date.now();
      const { pack } = globalThis.PassbackScorm;
      const lines = this.lines.map(({ at, call, element, size, error, times, value }) =>
        [Math.max(0, now - at), call, pack(element), size, error, times, ...(value ? [pack(value)] : [])]);
      const taken = { lines, ...(this.more ? { more: this.more } : {}) };
      this.lines = [];
      this.more = 0;
      return taken;
    }
  }

  globalThis.PassbackScorm = { ...globalThis.PassbackScorm, CallLog };
})();
