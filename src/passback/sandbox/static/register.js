// The tool's registration page says when it is done; only its own origin is believed.
const place = document.getElementById("registering");

window.addEventListener("message", (event) => {
  let said = event.data;
  try {
    if (typeof said === "string") said = JSON.parse(said);
  } catch {
    return;
  }
  if (event.origin === place.dataset.origin && said?.subject === "org.imsglobal.lti.close") location.assign("/tools");
});
