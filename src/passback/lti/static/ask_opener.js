// Asks the page that opened this tab for its secret and posts the launch again with it.
"use strict";
{
  const PATIENCE_MS = 5000;
  const form = document.getElementById("launch");
  const giveUp = () => {
    document.getElementById("waiting").hidden = true;
    document.getElementById("failed").hidden = false;
  };

  if (window.opener === null) {
    giveUp();
  } else {
    const timer = setTimeout(giveUp, PATIENCE_MS);
    window.addEventListener("message", (event) => {
      if (event.source !== window.opener || event.origin !== location.origin) return;
      if (event.data?.passback !== "I opened you" || typeof event.data.secret !== "string") return;
      clearTimeout(timer);
      form.elements.opener.value = event.data.secret;
      form.submit();
    });
    window.opener.postMessage({ passback: "who opened me" }, location.origin);
  }
}
