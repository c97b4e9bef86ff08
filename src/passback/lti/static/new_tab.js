// Opens the tab and answers for it: only to the very window that was opened here, and only while it is on our origin.
"use strict";
{
  const form = document.getElementById("new-tab");
  const secret = form.dataset.opener;
  delete form.dataset.opener;
  let tab = null;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = `passback-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
    tab = window.open("", name);
    document.getElementById("blocked").hidden = tab !== null;
    if (tab === null) return;
    form.target = name;
    form.submit();
    document.getElementById("before").hidden = true;
    document.getElementById("after").hidden = false;
  });

  window.addEventListener("message", (event) => {
    if (tab === null || event.source !== tab || event.origin !== location.origin) return;
    if (event.data?.passback !== "who opened me") return;
    tab.postMessage({ passback: "I opened you", secret }, location.origin);
  });
}
