// Uploads with a progress bar and by drag and drop; without this script the form works as it is.
"use strict";
for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector("input[type=file]");
  const bar = form.querySelector("progress");
  const status = form.querySelector("[data-status]");
  const button = form.querySelector("button");

  const failed = (text) => {
    bar.hidden = true;
    button.disabled = false;
    status.textContent = text || form.dataset.failed;
    status.setAttribute("role", "alert");
    status.className = "notice bad";
  };

  const answered = (request) => {
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { return failed(); }
    if (request.status === 200 && answer.location) { location.assign(answer.location); return undefined; }
    return failed([answer.title, answer.detail].filter(Boolean).join(" "));
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (progress) => { bar.value = (100 * progress.loaded) / progress.total; };
    request.upload.onload = () => { status.textContent = form.dataset.working; bar.removeAttribute("value"); };
    request.onload = () => answered(request);
    request.onerror = () => failed();
    bar.hidden = false;
    bar.value = 0;
    status.className = status.textContent = "";
    button.disabled = true;
    request.send(new FormData(form));
  });

  form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    if (event.dataTransfer.files.length) { input.files = event.dataTransfer.files; form.requestSubmit(); }
  });
}
