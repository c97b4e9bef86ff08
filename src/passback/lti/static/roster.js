// Says how far the reading of a roster is, and loads the page anew when it is done; without this script people reload.
"use strict";
const box = document.querySelector("[data-roster]");
const again = async () => {
  try {
    const answer = await fetch(box.dataset.roster, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const said = await answer.json();
    if (!said.pending) { location.reload(); return; }
    const text = box.querySelector("[data-text]");
    if (text.textContent !== said.text) text.textContent = said.text;
  } catch { /* the connection may be back the next time */ }
  setTimeout(again, 2000);
};
if (box) setTimeout(again, 1000);
