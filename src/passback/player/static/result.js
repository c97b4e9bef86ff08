/* The result page: closes its own window, and looks again while a result is on its way. */
(() => {
  "use strict";
  const close = document.getElementById("close");
  if (close && window.top === window && window.opener) {
    close.hidden = false;
    close.addEventListener("click", () => window.close());
  }
  const localTimes = () => {
    for (const time of document.querySelectorAll("time")) {
      time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    }
  };
  localTimes();
  let looks = 0;
  const look = async () => {
    const delivery = document.getElementById("delivery");
    if (!delivery?.dataset.pending || looks >= 20) return;
    looks += 1;
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("delivery");
      if (fresh && !fresh.dataset.pending) {
        delivery.replaceWith(document.adoptNode(fresh));
        localTimes();
      }
    } catch {
      // offline: what the page says stays true
    }
    setTimeout(look, 3000);
  };
  setTimeout(look, 1500);
})();
