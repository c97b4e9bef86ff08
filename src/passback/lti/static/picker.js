// The picker without reloads: search as you type, upload with progress, send the answer on. All of it works without.
"use strict";

(() => {
  const form = document.querySelector("[data-choose]");
  const search = document.querySelector("[data-search]");
  const upload = document.querySelector("[data-upload]");

  document.querySelector("form[data-auto-submit]")?.submit();

  if (search && form) searchAsTyped(search, form);
  for (const counting of document.querySelectorAll("[data-counting]")) hideWhatDoesNotCount(counting);
  chooseOwnZone(document.querySelector("[data-zone]"));
  if (upload) uploadWithProgress(upload);

  function searchAsTyped(box, courses) {
    const input = box.querySelector("input");
    const nothing = courses.querySelector("[data-nothing]");
    const rows = [...courses.querySelectorAll("[data-title]")];
    if (!input.value) box.querySelector("button").hidden = true; // a list that came filtered is searched by the server
    else return;
    box.addEventListener("submit", (event) => event.preventDefault());
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLocaleLowerCase();
      let shown = 0;
      for (const row of rows) {
        const fits = row.dataset.title.toLocaleLowerCase().includes(wanted) || row.querySelector("input").checked;
        row.hidden = !fits;
        shown += fits ? 1 : 0;
      }
      nothing.hidden = shown > 0;
    });
  }

  function hideWhatDoesNotCount(choices) {
    const graded = choices.querySelector("[data-graded]");
    if (!graded) return;
    const update = () => {
      graded.hidden = choices.querySelector("[type=radio]:checked")?.value === "none";
    };
    choices.addEventListener("change", update);
    update();
  }

  function chooseOwnZone(zones) {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zones && own && [...zones.options].some((zone) => zone.value === own)) zones.value = own;
  }

  function uploadWithProgress(box) {
    const area = box.querySelector("[data-upload-progress]");
    const bar = area.querySelector("progress");
    const status = area.querySelector("[role=status]");
    const failed = box.querySelector("[data-upload-error]");
    const button = box.querySelector("button");

    const fail = (text) => {
      area.hidden = true;
      button.disabled = false;
      failed.textContent = text;
      failed.hidden = false;
    };

    box.addEventListener("submit", (event) => {
      event.preventDefault();
      const request = new XMLHttpRequest(); // fetch reports no progress of an upload
      request.open("POST", box.action);
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "json";
      request.upload.addEventListener("progress", (progress) => {
        if (!progress.lengthComputable) return;
        bar.value = (100 * progress.loaded) / progress.total;
      });
      request.upload.addEventListener("load", () => {
        bar.removeAttribute("value");
        status.textContent = status.dataset.reading;
      });
      request.addEventListener("load", () => {
        const answer = request.response || {};
        if (request.status === 200 && answer.next) location.replace(answer.next);
        else fail([answer.title, answer.detail].filter(Boolean).join(" ") || failed.dataset.lost);
      });
      request.addEventListener("error", () => fail(failed.dataset.lost));
      request.addEventListener("abort", () => fail(failed.dataset.lost));
      failed.hidden = true;
      area.hidden = false;
      button.disabled = true;
      bar.value = 0;
      status.textContent = status.dataset.uploading;
      const sent = new FormData(box);
      for (const chosen of form?.querySelectorAll("[name=course]:checked") ?? []) sent.append("course", chosen.value);
      request.send(sent);
    });
  }
})();
