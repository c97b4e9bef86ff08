// Climbs the ladder where no cookie is kept: first the LMS's page keeps the proof, else a new tab is offered.
"use strict";
{
  const BUTTON_MS = 1000; // the button comes after a second at most; storage may still answer until it is pressed
  const PATIENCE_MS = 6000;
  const form = document.getElementById("new-tab");
  const { opener: secret, origin, target, key, state, nonce } = form.dataset;
  for (const name of ["opener", "state", "nonce"]) delete form.dataset[name];
  const show = (id, visible) => { document.getElementById(id).hidden = !visible; };
  let tab = null;
  let pressed = false;

  const offerTab = () => {
    show("waiting", false);
    show("before", !pressed);
    show("why", true);
  };

  const inStorage = async () => {
    const until = performance.now() + PATIENCE_MS;
    const storage = new PlatformStorage(origin, target);
    if (!storage.home) return;
    show("before", false);
    show("waiting", true);
    setTimeout(offerTab, BUTTON_MS);
    if (target) storage.mayAnswer(target);
    storage.discover(until);
    const kept = await storage.keep({ [`passback-state-${key}`]: state, [`passback-nonce-${key}`]: nonce }, until);
    if (!kept || pressed) return;
    const answer = await fetch("/lti/login/storage", { method: "POST", body: new URLSearchParams({ token: form.elements.token.value }) });
    if (!answer.ok || pressed) return;
    pressed = true;
    location.replace((await answer.json()).next); // no step of this stays in the history
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (pressed && tab === null) return;
    const name = `passback-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
    tab = window.open("", name);
    show("blocked", tab === null);
    if (tab === null) return;
    pressed = true;
    form.target = name;
    form.submit();
    show("before", false);
    show("after", true);
  });

  window.addEventListener("message", (event) => {
    if (tab === null || event.source !== tab || event.origin !== location.origin) return;
    if (event.data?.passback !== "who opened me") return;
    tab.postMessage({ passback: "I opened you", secret }, location.origin);
  });

  inStorage().catch(() => {}).finally(() => { if (!pressed) offerTab(); });
}
