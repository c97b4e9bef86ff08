// Tells the LMS that the registration page may close (LTI Dynamic Registration 1.0 §3.8).
"use strict";

(() => {
  const lms = window.opener || (window.parent !== window ? window.parent : null);
  if (!lms) return; // opened on its own: nobody would close it

  // To any origin: Canvas frames the page from another host than its configuration's, and the message holds nothing.
  const close = () => lms.postMessage({ subject: "org.imsglobal.lti.close" }, "*");

  for (const button of document.querySelectorAll("[data-lti-close]")) {
    button.hidden = false;
    button.addEventListener("click", close);
    if (button.dataset.ltiClose === "now") close();
  }
})();
