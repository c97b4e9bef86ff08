// Runs the browser's scripts under Node: jobs as JSON on stdin, their results as JSON on stdout.
// {"model": {table, strict, values?}, "steps": [["set", name, value], ["get", name]]} → [error | [value, error], …]
// {"boot": …, "steps": [{call, args: [JavaScript expressions]} | {teardown | hidden | timers: true}]}
//   → {answers: [[returned, last error], …], said: [{kind, data, urgent, held} | {flush} | {finished}], held: [n, …]}
//   `held`: how often the player was told, at that moment or after that step, that something is not recorded yet.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

const sources = ["datamodel.js", "recorder.js", "scorm12.js"].map((name) => fs.readFileSync(path.join(process.argv[2], name), "utf8"));

function world(player) {
  const timers = new Map();
  const listeners = {};
  let next = 1;
  const context = vm.createContext({
    btoa, atob, document: { visibilityState: "visible" },
    setTimeout: (callback) => { timers.set(next, callback); return next++; },
    clearTimeout: (id) => timers.delete(id),
    addEventListener: (name, callback) => { (listeners[name] ??= []).push(callback); },
    ...(player ? { passbackPlayer: player } : {}),
  });
  for (const source of sources) vm.runInContext(source, context);
  return { context, timers, listeners };
}

function runModel({ model, steps }) {
  const { context } = world();
  const made = new context.PassbackScorm.DataModel(model.table, model);
  return steps.map(([verb, name, value]) => {
    if (verb === "set") return made.set(name, value);
    const answer = made.get(name);
    return [answer.value, answer.error];
  });
}

function runApi({ boot, steps }) {
  const said = [];
  const held = [];
  const teardown = [];
  let holding = 0;
  const player = {
    boot: { content: boot, activity: "the-sco" },
    record: (kind, data, options) => said.push({ kind, data, held: holding, ...options }),
    hold: () => { holding += 1; return () => { holding -= 1; }; },
    flush: () => said.push({ flush: true }),
    finished: (how) => said.push({ finished: how.reason }),
    onTeardown: (callback) => teardown.push(callback),
  };
  const { context, timers, listeners } = world(player);
  const answers = [];
  for (const step of steps) {
    if (step.teardown) teardown.forEach((callback) => callback());
    else if (step.hidden) {
      context.document.visibilityState = "hidden";
      listeners.visibilitychange.forEach((callback) => callback());
    } else if (step.timers) [...timers].forEach(([id, callback]) => { timers.delete(id); callback(); });
    else {
      const returned = vm.runInContext(`const { ${step.call}: call } = API; call(${step.args.join(",")})`.replace("const", "var"), context);
      answers.push([returned, context.API.LMSGetLastError()]);
    }
    held.push(holding);
  }
  return { answers, said, held };
}

const jobs = JSON.parse(fs.readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(jobs.map((job) => (job.model ? runModel(job) : runApi(job)))));
