// What the LMS's page keeps for us in this browser: 1EdTech postMessage storage (lti-pm-s 0.1, lti-cs-pm 0.1).
"use strict";

const LTI = "lti.";
const OLDER = "org.imsglobal.lti."; // what the first platforms called it

class PlatformStorage {
  static EVERY_MS = 200; // a frame that is still loading hears nothing: everything is said again until it is answered

  /**
   * @param origin of the platform's authentication endpoint: values are told to it, and believed from it, alone
   * @param target name of the frame that answers, as the LMS sent it ("" where it sent none)
   */
  constructor(origin, target) {
    this.origin = origin;
    this.home = window.parent !== window ? window.parent : window.opener;
    this.target = target;
    this.places = new Map(); // who may answer: a frame's name, and how its messages begin
    this.waiting = new Map(); // a message's id → its subject, and who waits for the answer
    this.isOffered = false;
    if (this.home) window.addEventListener("message", (event) => this.#hear(event));
  }

  /** The frame of this name may answer messages that begin so. */
  mayAnswer(name, prefix = LTI) {
    this.places.set(`${prefix} ${name}`, [name, prefix]);
  }

  /** Ask the page around this one what it supports, until `until` (milliseconds since the page began). */
  async discover(until) {
    if (!this.home) return;
    const ids = [LTI, OLDER].map((prefix) => this.#expect(`${prefix}capabilities`, () => {}));
    // To any origin, as lti-cs-pm has it: the page around is the school's, whose host need not be the platform's.
    const ask = () => ids.forEach((id) => this.home.postMessage({ subject: this.waiting.get(id).subject, message_id: id }, "*"));
    while (performance.now() < until && !this.isOffered) {
      ask();
      await pause(PlatformStorage.EVERY_MS);
    }
  }

  /** Do `work` with every frame that may answer, as they become known; the first that succeeds is the one. */
  async first(work, until) {
    let found = null;
    const tried = new Set();
    while (this.home && !found && performance.now() < until) {
      for (const [place, [name, prefix]] of this.places) {
        if (tried.has(place)) continue;
        tried.add(place);
        work((verb, fields) => this.#ask(name, `${prefix}${verb}`, fields, until)).then((result) => { found ??= result; });
      }
      await pause(20);
    }
    return found;
  }

  /** Have `entries` (key → value) kept and given back; true where that works. */
  async keep(entries, until) {
    return this.first(async (ask) => {
      for (const [key, value] of Object.entries(entries)) if (!(await ask("put_data", { key, value }))) return null;
      for (const [key, value] of Object.entries(entries)) if ((await ask("get_data", { key }))?.value !== value) return null;
      return true;
    }, until);
  }

  /** Return the values of `keys` from the frame for which `right(values)` holds, and have them forgotten there. */
  async recall(keys, right, until) {
    return this.first(async (ask) => {
      const values = [];
      for (const key of keys) values.push((await ask("get_data", { key }))?.value);
      if (!right(values)) return null;
      for (const key of keys) ask("put_data", { key, value: null }); // nobody waits for it
      return values;
    }, until);
  }

  #expect(subject, resolve) {
    const id = [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("-");
    this.waiting.set(id, { subject, resolve });
    return id;
  }

  #ask(name, subject, fields, until) {
    return new Promise((resolve) => {
      const id = this.#expect(subject, (answer) => { clearInterval(timer); resolve(answer); });
      const send = () => {
        if (performance.now() > until) this.waiting.get(id)?.resolve(null);
        else this.#frame(name)?.postMessage({ subject, message_id: id, ...fields }, this.origin);
      };
      const timer = setInterval(send, PlatformStorage.EVERY_MS);
      send();
    });
  }

  #frame(name) {
    if (name === "_parent") return this.home;
    try {
      const frame = this.home.frames[name];
      return typeof frame?.postMessage === "function" ? frame : null;
    } catch {
      return null; // a name that no frame has
    }
  }

  #hear(event) {
    const said = event.data;
    const asked = typeof said === "object" && said !== null ? this.waiting.get(said.message_id) : undefined;
    if (!asked || said.subject !== `${asked.subject}.response`) return;
    if (asked.subject.endsWith(".capabilities")) {
      if (event.source === this.home && Array.isArray(said.supported_messages)) this.#offered(said.supported_messages);
    } else if (event.origin === this.origin) {
      this.waiting.delete(said.message_id);
      asked.resolve(said.error ? null : said);
    }
  }

  #offered(messages) {
    for (const prefix of [LTI, OLDER]) {
      const named = (verb) => messages.find((one) => one?.subject === `${prefix}${verb}`);
      const put = named("put_data");
      if (!put || !named("get_data")) continue;
      this.isOffered = true;
      this.mayAnswer(typeof put.frame === "string" && put.frame ? put.frame : this.target || "_parent", prefix);
      return;
    }
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
