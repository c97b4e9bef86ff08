// Asks the page that opened this tab for its secret and posts the launch again with it.
"use strict";
{
  const PATIENCE_MS = 5000;
  const form = document.getElementById("launch");
  let sent = false;

  // "Back" then shows a page that says what to do, and posts no launch a second time.
  const send = (secret) => {
    if (sent) return;
    sent = true;
    form.elements.opener.value = secret;
    history.replaceState(null, "", form.dataset.again);
    form.submit();
  };

  if (window.opener === null) {
    send("none");
  } else {
    setTimeout(send, PATIENCE_MS, "none");
    window.addEventListener("message", (event) => {
      if (event.source !== window.opener || event.origin !== location.origin) return;
      if (event.data?.passback !== "I opened you" || typeof event.data.secret !== "string") return;
      send(event.data.secret);
    });
    window.opener.postMessage({ passback: "who opened me" }, location.origin);
  }
}
