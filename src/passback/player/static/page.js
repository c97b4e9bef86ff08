/* What the player page shows around the content: notices, questions, and words for screen readers. */
(() => {
  "use strict";
  const parts = (window.passbackParts ??= {});
  const $ = (id) => document.getElementById(id);

  const show = (element, visible = true) => { element.hidden = !visible; };
  const say = (text) => { $("say").textContent = text; };

  const notice = (name, text, ...actions) => {
    document.querySelector(`#notices [data-name="${name}"]`)?.remove();
    if (!text) return;
    const box = document.createElement("div");
    box.dataset.name = name;
    const line = document.createElement("p");
    line.textContent = text;
    box.append(line, ...actions.map(([label, act, kind]) => button(label, act, kind)));
    $("notices").append(box);
    say(text);
  };

  const button = (label, act, kind = "") => {
    const element = document.createElement("button");
    element.type = "button";
    element.textContent = label;
    element.className = kind;
    element.addEventListener("click", act);
    return element;
  };

  /* Show a question instead of the content; resolves with the value of the chosen answer. */
  const ask = (title, text, ...answers) =>
    new Promise((resolve) => {
      $("panel-title").textContent = title;
      $("panel-text").textContent = text;
      const choose = (value) => () => {
        if (value.keep) return value.keep();
        show($("panel"), false);
        return resolve(value);
      };
      $("panel-actions").replaceChildren(...answers.map(([label, value, kind]) => button(label, choose(value), kind)));
      show($("panel"));
      $("panel-title").focus();
    });

  parts.page = { $, show, say, notice, ask };
})();
