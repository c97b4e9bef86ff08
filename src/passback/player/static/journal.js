/*
 * The journal: what the content said, numbered, sent in order, kept until the server has acknowledged it (design §8).
 * A request carries every unacknowledged event in order; the server takes each number once, so sending twice does no harm.
 */
(() => {
  "use strict";
  const parts = (window.passbackParts ??= {});
  const DELAY = 2000; // after the last change …
  const DELAY_AT_MOST = 5000; // … and after the first
  const DELAY_IN_MEMORY = 1000; // nothing survives the page: send sooner
  const BEAT = 30000;
  const LARGE = 8 * 1024; // bytes of one event that goes when it is set
  const UNSENT = 24 * 1024; // bytes that may wait; what a dying page can send is 64 KiB in all (Fetch, keepalive)
  const KEPT_ALIVE = 60 * 1024;
  const REQUEST = 1024 * 1024;
  const EVENT_AT_MOST = 1024 * 1024;
  const BACK_OFF = [1000, 2000, 4000, 8000, 15000, 30000];

  const bytes = (text) => new TextEncoder().encode(text).length;
  const escaped = (text) => text.length + 5 * (text.match(/[^\x00-\x7f]/g)?.length ?? 0); // as the server counts
  const total = (entries) => entries.reduce((sum, entry) => sum + entry.bytes + 1, 64);

  parts.post = async (url, body, options = {}) => {
    const answer = await fetch(url, {
      method: "POST", body, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer",
      headers: { "Content-Type": "application/json", Accept: "application/json" }, ...options,
    });
    const value = await answer.json().catch(() => ({}));
    return { status: answer.status, value, after: Number(answer.headers.get("Retry-After")) || 0 };
  };

  parts.Journal = class Journal {
    /* `offset`: milliseconds to add to this browser's clock; `changed(status)`, `answered(answer)` are told. */
    constructor({ session, token, vault, offset, changed, answered }) {
      Object.assign(this, { session, token, vault, offset, changed, answered });
      this.last = 0;
      this.waiting = [];
      this.held = new Set();
      this.status = "saved";
      this.failures = 0;
      this.dying = false;
      this.inFlight = 0;
      this.beat = setInterval(() => this.pulse(), BEAT);
      window.addEventListener("online", () => this.retryNow());
    }

    /* Take one event and return its number. */
    record(kind, data, { urgent = false, activity = "" } = {}) {
      const event = { seq: this.last + 1, kind, activity, at: Date.now() + this.offset, data };
      const text = JSON.stringify(event);
      const size = bytes(text);
      if (escaped(text) > EVENT_AT_MOST) throw new RangeError("one event is at most 1 MiB");
      this.last += 1;
      this.waiting.push({ seq: event.seq, text, bytes: size, sent: false, kept: false });
      this.vault?.put(this.session, this.token, JSON.parse(text));
      if (this.dying) this.farewell();
      else this.schedule(urgent || size > LARGE || total(this.waiting.filter((one) => !one.sent)) > UNSENT);
      return event.seq;
    }

    /*
     * The content type holds what it has not recorded yet, so that nothing may be called saved. Returns what to call once
     * it is recorded. What is held is neither on disk nor sent when the page dies: hold for moments.
     */
    hold() {
      const held = Symbol("held");
      this.held.add(held);
      this.settle();
      return () => { if (this.held.delete(held)) this.settle(); };
    }

    /* Say whether all is saved; trouble stays until the server has answered. */
    settle() {
      if (this.failures > 0 || this.status === "refused") return;
      this.tell(this.waiting.length > 0 || this.held.size > 0 ? "saving" : "saved");
    }

    schedule(now) {
      const time = Date.now();
      this.since ??= time;
      this.settle();
      const delay = this.vault ? DELAY : DELAY_IN_MEMORY;
      clearTimeout(this.timer);
      if (now) this.pump();
      else this.timer = setTimeout(() => this.pump(), Math.min(delay, Math.max(0, this.since + DELAY_AT_MOST - time)));
    }

    /* Send what waits; resolves with true once everything is acknowledged, with false when it cannot be just now. */
    async flush({ leaving = false } = {}) {
      if (leaving) this.leaving = true;
      while (this.sending) await this.sending;
      return this.pump(leaving);
    }

    pump(force = false) {
      clearTimeout(this.timer);
      if (this.sending) {
        this.again = true;
        return this.sending;
      }
      if (this.status === "refused") return Promise.resolve(false);
      if (!this.waiting.length && !force) return Promise.resolve(true);
      this.sending = this.run().finally(() => { this.sending = null; });
      return this.sending;
    }

    async run() {
      let more;
      do {
        this.again = false;
        this.since = undefined;
        const batch = this.batch(REQUEST);
        const before = this.waiting[0]?.seq;
        more = batch.length < this.waiting.length;
        if (!(await this.send(batch))) return false;
        if (this.waiting.length && this.waiting[0].seq === before) return this.failed(0); // sent but not acknowledged
      } while (this.waiting.length && (more || this.again || this.leaving));
      return this.waiting.length === 0;
    }

    batch(limit) {
      const entries = [];
      let size = 64;
      for (const entry of this.waiting) {
        size += entry.bytes + 1;
        if (size > limit && entries.length) break;
        entries.push(entry);
        if (entries.length === 500) break;
      }
      return entries;
    }

    body(entries, leaving) {
      return `{"leaving":${Boolean(leaving)},"events":[${entries.map((entry) => entry.text).join(",")}]}`;
    }

    async send(entries) {
      const size = total(entries);
      const keepalive = size < LARGE * 3 && this.inFlight + size < KEPT_ALIVE; // so that the page's end does not cut it
      for (const entry of entries) Object.assign(entry, { sent: true, kept: keepalive });
      if (keepalive) this.inFlight += size;
      try {
        const signal = AbortSignal.timeout(30000);
        const last = this.leaving && entries.length === this.waiting.length;
        const heard = this.hear(await parts.post(this.url(), this.body(entries, last), { keepalive, signal }));
        this.left = heard && last;
        return heard;
      } catch {
        return this.failed(0);
      } finally {
        if (keepalive) this.inFlight -= size;
      }
    }

    url() {
      return `/play/${this.token}/events`;
    }

    hear({ status, value, after }) {
      if (status === 200) {
        this.failures = 0;
        if (value.token) this.token = value.token;
        this.acknowledge(value.applied);
        this.answered?.(value);
        return true;
      }
      if (status >= 500 || status === 429 || status === 408) return this.failed(after * 1000);
      clearInterval(this.beat);
      this.tell("refused");
      this.answered?.({ status: "refused", ...value });
      return false;
    }

    acknowledge(applied) {
      this.waiting = this.waiting.filter((entry) => entry.seq > applied);
      this.vault?.remove(this.session, applied);
      this.settle();
    }

    failed(after) {
      for (const entry of this.waiting) entry.kept = false;
      this.tell("offline");
      const wait = BACK_OFF[Math.min(this.failures, BACK_OFF.length - 1)];
      this.failures += 1;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.pump(this.leaving), Math.max(after, wait * (0.75 + Math.random() / 2)));
      return false;
    }

    retryNow() {
      if (this.failures && !this.dying) this.pump(true);
    }

    pulse() {
      if (!this.sending && !this.failures && !this.dying) this.pump(true);
    }

    /* No more signs of life; what waits is still delivered. */
    quieten() {
      clearInterval(this.beat);
    }

    /*
     * The page is going: send the rest in one request that outlives it. The content's own `unload` comes after ours and
     * often holds its last call, so from here on every further event sends at once.
     */
    farewell({ leaving = true } = {}) {
      this.dying ||= leaving; // Chromium says visibilitychange after pagehide; that must not call us back to life
      leaving = this.dying;
      if (this.status === "refused") return;
      let entries = this.waiting;
      if (total(entries) + this.inFlight > KEPT_ALIVE) entries = entries.filter((entry) => !entry.kept);
      while (entries.length && total(entries) + this.inFlight > KEPT_ALIVE) entries = entries.slice(0, -1);
      if (!entries.length && (!leaving || this.left)) return;
      const size = total(entries);
      const body = this.body(entries, leaving);
      for (const entry of entries) Object.assign(entry, { sent: true, kept: true });
      this.inFlight += size;
      parts
        .post(this.url(), body, { keepalive: true })
        .then((answer) => this.hear(answer), () => this.beacon(body))
        .finally(() => { this.inFlight -= size; });
    }

    beacon(body) {
      if (this.dying) navigator.sendBeacon(this.url(), new Blob([body], { type: "application/json" }));
      else this.failed(0);
    }

    tell(status) {
      if (status === this.status) return;
      this.status = status;
      this.changed?.(status);
    }
  };
})();
