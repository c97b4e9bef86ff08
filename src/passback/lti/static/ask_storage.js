// Asks the LMS's page for what it keeps of this login and posts the launch again with it.
"use strict";
(async () => {
  const PATIENCE_MS = 6000;
  const form = document.getElementById("launch");
  const { origin, target, key, state } = form.dataset;
  const until = performance.now() + PATIENCE_MS;
  const storage = new PlatformStorage(origin, target);

  storage.mayAnswer(target || "_parent"); // some LMSs name the frame at the login only, or never
  storage.discover(until);
  const keys = [`passback-state-${key}`, `passback-nonce-${key}`];
  const right = ([kept, nonce]) => kept === state && typeof nonce === "string";
  const [kept, nonce] = (await storage.recall(keys, right, until)) ?? ["none", "none"];

  form.elements.stored_state.value = kept;
  form.elements.stored_nonce.value = nonce;
  // "Back" then shows a page that says what to do, and posts no launch a second time.
  history.replaceState(null, "", form.dataset.again);
  form.submit();
})();
