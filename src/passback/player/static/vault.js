/*
 * The journal on disk: IndexedDB, every entry encrypted with AES-GCM under a key that the server gives to this
 * learner's launches of this registration only. Another learner at the same computer finds entries they cannot read.
 */
(() => {
  "use strict";
  const parts = (window.passbackParts ??= {});
  const STORE = "entries";

  const settled = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });

  const open = () =>
    new Promise((resolve, reject) => {
      const request = indexedDB.open("passback-journal", 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error("blocked"));
    });

  class Vault {
    constructor(database, scope, key) {
      this.database = database;
      this.scope = scope;
      this.key = key;
      this.work = Promise.resolve();
    }

    /* Keep one event; `token` is what it takes to deliver it later. */
    put(session, token, event) {
      return this.queue(async () => {
        const iv = crypto.getRandomValues(new Uint8Array(12));
        const clear = new TextEncoder().encode(JSON.stringify({ token, event }));
        const secret = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: this.bound() }, this.key, clear);
        await settled(this.store("readwrite").put({ iv, secret }, this.name(session, event.seq)));
      });
    }

    /* Forget a session's events up to and with `sequence`. */
    remove(session, sequence) {
      const range = IDBKeyRange.bound(this.name(session, 0), this.name(session, sequence));
      return this.queue(() => settled(this.store("readwrite").delete(range)));
    }

    /* Return what earlier pages left: [{session, token, events}], events in order. */
    async leftovers() {
      const range = IDBKeyRange.bound(`${this.scope}/`, `${this.scope}/\uffff`);
      const store = this.store("readonly");
      const [names, values] = await Promise.all([settled(store.getAllKeys(range)), settled(store.getAll(range))]);
      const sessions = new Map();
      for (let index = 0; index < names.length; index += 1) {
        const session = names[index].split("/")[1];
        const entry = await this.read(values[index]);
        if (!entry) continue;
        const found = sessions.get(session) ?? { session, token: "", events: [] };
        found.token = entry.token;
        found.events.push(entry.event);
        sessions.set(session, found);
      }
      return [...sessions.values()];
    }

    async read({ iv, secret }) {
      try {
        const clear = await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: this.bound() }, this.key, secret);
        return JSON.parse(new TextDecoder().decode(clear));
      } catch {
        return null; // tampered with, or the installation's key has changed
      }
    }

    bound() {
      return new TextEncoder().encode(this.scope);
    }

    name(session, sequence) {
      return `${this.scope}/${session}/${String(sequence).padStart(9, "0")}`;
    }

    store(mode) {
      return this.database.transaction(STORE, mode).objectStore(STORE);
    }

    /* One thing after the other: an entry acknowledged while it is being encrypted is still removed after. */
    queue(task) {
      this.work = this.work.then(task).catch(() => undefined);
      return this.work;
    }
  }

  /* Return the vault, or null where the browser refuses storage (frames with third-party cookies blocked). */
  parts.openVault = async (scope, keyText) => {
    try {
      const raw = Uint8Array.from(atob(keyText), (letter) => letter.charCodeAt(0));
      const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
      return new Vault(await open(), scope, key);
    } catch {
      return null;
    }
  };
})();
