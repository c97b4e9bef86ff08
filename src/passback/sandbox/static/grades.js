// Keeps the grades on the page as they are in the LMS; new rows or columns load the page again.
const table = document.getElementById("grades");
const live = document.getElementById("live");
const EVERY = 1500;

async function refresh() {
  try {
    const answer = await fetch(table.dataset.live, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const book = await answer.json();
    const typing = table.contains(document.activeElement) && document.activeElement.tagName === "INPUT";
    if (book.shape !== table.dataset.shape && !typing) return location.reload();
    for (const [key, cell] of Object.entries(book.cells)) show(key, cell);
    live.textContent = "Updates by itself";
  } catch {
    live.textContent = "The practice LMS does not answer";
  }
  setTimeout(refresh, EVERY);
}

function show(key, cell) {
  const place = table.querySelector(`[data-cell="${CSS.escape(key)}"]`);
  if (!place) return;
  for (const [part, text] of Object.entries(cell)) {
    const element = place.querySelector(`[data-part="${part}"]`);
    if (element && element.textContent !== text) element.textContent = text;
  }
}

if (table) setTimeout(refresh, EVERY);
