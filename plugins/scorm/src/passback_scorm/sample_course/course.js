// A small SCORM 1.2 course: bookmark, saved answers, a quiz with score and interactions, an end that never loses work.
"use strict";

const started = Date.now();
const pages = [...document.querySelectorAll("main > section")];
const quiz = document.getElementById("quiz");
const QUIZ = 4, RESULT = 5;
let current = 0;
let finished = false;

// The way every SCO finds its run-time: up through the parents, then the opener's.
function find(from) {
  for (let win = from, steps = 0; win && steps < 20; win = win.parent, steps++) {
    try {
      if (win.API) return win.API;
    } catch {
      return null; // a window of another site
    }
    if (win.parent === win) return null;
  }
  return null;
}

const api = find(window) || (window.opener ? find(window.opener) : null);
const read = (element) => (api ? api.LMSGetValue(element) : "");
const write = (element, value) => { if (api) api.LMSSetValue(element, String(value)); };
const commit = () => { if (api) api.LMSCommit(""); };

function show(page, focus) {
  current = Math.max(0, Math.min(page, pages.length - 1));
  if (current === RESULT && !document.getElementById("result").textContent) current = QUIZ;
  pages.forEach((section, index) => { section.hidden = index !== current; });
  document.getElementById("where").textContent = `Page ${current + 1} of ${pages.length}`;
  document.getElementById("progress").value = current + 1;
  document.getElementById("previous").disabled = current === 0;
  document.getElementById("next").disabled = current === RESULT || (current === QUIZ && !answered());
  if (focus) pages[current].querySelector("h1").focus();
  save();
}

function answered() {
  return document.getElementById("result").textContent !== "";
}

function answers() {
  return Object.fromEntries(new FormData(quiz));
}

function save() {
  write("cmi.core.lesson_location", current);
  write("cmi.suspend_data", JSON.stringify(answers()));
  commit();
}

function mark() {
  return Number(read("cmi.student_data.mastery_score")) || 75;
}

function tell(score) {
  const verdict = score >= mark() ? "You passed." : "That is not a pass yet: go back, look again and try once more.";
  document.getElementById("result").textContent = `Your score is ${score} of 100. ${verdict}`;
}

function check(event) {
  event.preventDefault();
  const given = answers();
  const questions = [...quiz.querySelectorAll("fieldset")];
  const complete = questions.every((question) => given[question.dataset.id]);
  document.getElementById("missing").hidden = complete;
  if (!complete) return;
  const first = Number(read("cmi.interactions._count")) || 0;
  let right = 0;
  questions.forEach((question, index) => {
    const { id, right: expected } = question.dataset;
    const correct = given[id] === expected;
    const at = `cmi.interactions.${first + index}`;
    write(`${at}.id`, id);
    write(`${at}.type`, "choice");
    write(`${at}.student_response`, given[id]);
    write(`${at}.correct_responses.0.pattern`, expected);
    write(`${at}.result`, correct ? "correct" : "wrong");
    right += correct ? 1 : 0;
  });
  const score = Math.round((100 * right) / questions.length);
  write("cmi.core.score.raw", score);
  write("cmi.core.score.min", 0);
  write("cmi.core.score.max", 100);
  write("cmi.core.lesson_status", score >= mark() ? "passed" : "failed");
  tell(score);
  show(RESULT, true);
}

function sessionTime() {
  const hundredths = Math.floor((Date.now() - started) / 10);
  const two = (number) => String(number).padStart(2, "0");
  const seconds = Math.floor(hundredths / 100);
  const hours = String(Math.floor(seconds / 3600)).padStart(4, "0");
  return `${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${two(hundredths % 100)}`;
}

function finish() {
  if (finished || !api) return;
  finished = true;
  write("cmi.core.session_time", sessionTime());
  write("cmi.core.exit", answered() ? "" : "suspend");
  api.LMSFinish("");
}

function restore() {
  try {
    for (const [name, value] of Object.entries(JSON.parse(read("cmi.suspend_data") || "{}"))) {
      const input = quiz.querySelector(`input[name="${name}"][value="${value}"]`);
      if (input) input.checked = true;
    }
  } catch {
    // answers of an earlier version of the course: start without them
  }
  const score = read("cmi.core.score.raw");
  if (score !== "") tell(Number(score));
}

function start() {
  if (api) {
    api.LMSInitialize("");
    const name = read("cmi.core.student_name").split(",").pop().trim();
    document.getElementById("greeting").textContent = name ? `, ${name}` : "";
    if (read("cmi.core.lesson_status") === "not attempted") write("cmi.core.lesson_status", "incomplete");
    restore();
  }
  show(Number(read("cmi.core.lesson_location")) || 0, false);
  document.getElementById("previous").addEventListener("click", () => show(current - 1, true));
  document.getElementById("next").addEventListener("click", () => show(current + 1, true));
  document.getElementById("leave").addEventListener("click", finish);
  quiz.addEventListener("submit", check);
  quiz.addEventListener("change", save);
  window.addEventListener("pagehide", finish);
}

start();
