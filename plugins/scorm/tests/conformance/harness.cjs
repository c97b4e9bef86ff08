// Runs the browser's scripts under Node: {tables, jobs} as JSON on stdin, the jobs' results as JSON on stdout. A job's
// `table` is the number of one of the tables.
// {"model": {table, strict, values?, stores?, validity?}, "steps": [["set", name, value], ["get", name]]} → [error | [value, error], …]
// {"boot": …, "steps": [{call, args: [JavaScript expressions]} | {adl: [call, argument, value]} | {version: true} | {teardown | hidden | timers: true}
//   | {furnish: another boot}]}; with `former: true` a call goes to the API as it was before that
//   `adl`: a command of ADL's scripts, see adl/commands.cjs
//   → {answers: [[returned, last error], …], said: [{kind, data, urgent, held} | {flush} | {finished, request}], told: […], held: [n, …]}
//   `told`: what the events' lists of calls say, {kind, lines, more}; they are left out of `said`.
//   `held`: how often the player was told, at that moment or after that step, that something is not recorded yet.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");
const { runCommand } = require("./adl/commands.cjs");

const read = (name) => fs.readFileSync(path.join(process.argv[2], name), "utf8");
const shared = ["rules.js", "datamodel.js", "calls.js", "recorder.js", "api.js"].map(read);
const versions = { 1.2: { script: read("scorm12.js"), object: "API" }, 2004: { script: read("scorm2004.js"), object: "API_1484_11" } };

function world(player, script = "") {
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
  for (const source of [...shared, script]) vm.runInContext(source, context);
  return { context, timers, listeners };
}

function runModel({ model, steps }, { context }) {
  const made = new context.PassbackScorm.DataModel(model.table, model);
  return steps.map(([verb, name, value]) => {
    if (verb === "set") return made.set(name, value);
    const answer = made.get(name);
    return [answer.value, answer.error];
  });
}

function runApi({ boot, steps }) {
  const said = [];
  const told = [];
  const held = [];
  const teardown = [];
  const furnished = [];
  let holding = 0;
  const player = {
    boot: { content: boot, activity: "the-sco" },
    record: (kind, { calls, ...data }, options) => {
      if (calls) told.push({ kind, ...calls });
      said.push({ kind, data, held: holding, ...options });
    },
    hold: () => { holding += 1; return () => { holding -= 1; }; },
    flush: () => said.push({ flush: true }),
    finished: (how) => said.push({ finished: how.reason, ...("request" in how ? { request: how.request } : {}) }),
    onFurnished: (callback) => { furnished.push(callback); },
    onTeardown: (callback) => teardown.push(callback),
  };
  const { script, object } = versions[boot.table.version.split("-")[0]];
  const { context, timers, listeners } = world(player, script);
  const lastError = boot.table.api.calls.last_error;
  const answers = [];
  for (const step of steps) {
    if (step.adl) answers.push(runCommand(context[object], step.adl));
    else if (step.version) answers.push([context[object].version, context[object][lastError]()]);
    else if (step.furnish) {
      context.former = context[object];
      furnished.forEach((callback) => callback({ content: { ...step.furnish, table: boot.table } }));
    } else if (step.teardown) teardown.forEach((callback) => callback());
    else if (step.hidden) {
      context.document.visibilityState = "hidden";
      listeners.visibilitychange.forEach((callback) => callback());
    } else if (step.timers) [...timers].forEach(([id, callback]) => { timers.delete(id); callback(); });
    else {
      const api = step.former ? "former" : object;
      const returned = vm.runInContext(`var { ${step.call}: call } = ${api}; call(${step.args.join(",")})`, context);
      answers.push([returned, context[api][lastError]()]);
    }
    held.push(holding);
  }
  return { answers, said, told, held };
}

const { tables, jobs } = JSON.parse(fs.readFileSync(0, "utf8"));
const plain = world(); // models leave nothing behind in it
for (const { model, boot } of jobs) (model || boot).table = tables[(model || boot).table];
process.stdout.write(JSON.stringify(jobs.map((job) => (job.model ? runModel(job, plain) : runApi(job)))));
