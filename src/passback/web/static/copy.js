// Buttons that copy the value of a field.
"use strict";
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const field = document.querySelector(button.dataset.copy);
    field.select();
    await navigator.clipboard.writeText(field.value);
    button.parentElement.querySelector("[data-status]").textContent = button.dataset.copied;
  });
}
