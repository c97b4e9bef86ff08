// Tries what this browser lets a page of ours do, and says it; adds it to a launch's record where people ask for that.
"use strict";
{
  const STORAGE_MS = 1500;
  const MINUTE_MS = 60_000;
  const HUSHED_MS = 200; // nobody reads a question and presses "Cancel" so fast: the browser answered by itself

  const keepsCookie = (name, attributes) => {
    const value = String(Date.now());
    document.cookie = `${name}=${value}; Path=/lti; SameSite=None; Secure; Max-Age=60${attributes}`;
    const kept = document.cookie.split("; ").includes(`${name}=${value}`);
    document.cookie = `${name}=; Path=/lti; SameSite=None; Secure; Max-Age=0${attributes}`;
    return kept ? "kept" : "refused";
  };

  const keepsStorage = () => {
    try {
      for (const store of [localStorage, sessionStorage]) {
        store.setItem("passback-check", "1");
        store.removeItem("passback-check");
      }
      return "kept";
    } catch {
      return "refused";
    }
  };

  const asksPlatform = async () => {
    const storage = new PlatformStorage("", "");
    await storage.discover(performance.now() + STORAGE_MS);
    return storage.isOffered ? "offered" : "none";
  };

  const reaches = async (origin) => {
    try {
      await fetch(`${origin}/healthz`, { mode: "no-cors", cache: "no-store", credentials: "omit" });
      return "reached";
    } catch {
      return "unreachable";
    }
  };

  const readsClock = async () => {
    const sent = Date.now();
    const answer = await fetch("/lti/check/clock", { cache: "no-store", credentials: "omit" });
    const there = (await answer.json()).now * 1000;
    const ahead = (sent + Date.now()) / 2 - there;
    return Math.abs(ahead) <= MINUTE_MS ? "right" : ahead > 0 ? "ahead" : "behind";
  };

  const opensWindow = () => {
    const opened = window.open("", "_blank", "popup,width=240,height=160");
    opened?.close();
    return opened ? "opened" : "blocked";
  };

  const asksQuestion = (words) => {
    const began = performance.now();
    return window.confirm(words) || performance.now() - began > HUSHED_MS ? "shown" : "hushed";
  };

  const start = (box) => {
    const summary = box.querySelector("[data-summary]");
    const report = {};

    const settle = (name, value) => {
      const row = box.querySelector(`[data-check="${name}"]`);
      for (const one of row.querySelectorAll("[data-result]")) one.hidden = one.dataset.result !== value;
      row.querySelector("[data-waiting]").hidden = true;
      report[name] = value;
    };

    const sum = () => {
      const bad = box.querySelector("[data-bad]:not([hidden]):not([data-summary])");
      summary.textContent = bad ? summary.dataset.bad : summary.dataset.good;
    };

    const run = async (name, test) => {
      try {
        settle(name, await test());
      } catch { // no answer: that is said, and not reported
        const waiting = box.querySelector(`[data-check="${name}"] [data-waiting]`);
        waiting.textContent = waiting.dataset.lost;
      }
    };

    const onPress = (name, test) => {
      box.querySelector(`[data-check="${name}"] [data-run]`).addEventListener("click", () => {
        settle(name, test());
        sum();
      });
    };

    onPress("popups", opensWindow);
    onPress("dialogs", () => asksQuestion(box.querySelector("[data-question]").textContent));
    summary.textContent = summary.dataset.running;
    box.querySelector(".checks").hidden = false;
    Promise.all([
      run("frame", () => (window.self === window.top ? "own" : "inside")),
      run("cookies", () => keepsCookie("passback-check", "")),
      run("partitioned", () => keepsCookie("passback-check-partitioned", "; Partitioned")),
      run("storage", keepsStorage),
      run("platform_storage", asksPlatform),
      run("content", () => reaches(box.dataset.content)),
      run("clock", readsClock),
    ]).then(() => {
      sum();
      offerToAttach(box, report);
    });
  };

  const offerToAttach = (box, report) => {
    const offer = box.querySelector("[data-attach]");
    if (!offer) return;
    offer.hidden = false;
    const said = offer.querySelector("[role=status]");
    offer.querySelector("button").addEventListener("click", async () => {
      try {
        const answer = await fetch(`/lti/check/${box.dataset.ticket}`, {
          method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(report),
        });
        said.textContent = answer.ok ? said.dataset.saved : said.dataset.lost;
      } catch {
        said.textContent = said.dataset.lost;
      }
    });
  };

  for (const box of document.querySelectorAll("[data-checks]")) {
    box.querySelector("[data-no-script]").hidden = true;
    const around = box.closest("details");
    if (around) around.addEventListener("toggle", () => start(box), { once: true });
    else start(box);
  }
}
