// The SCORM 1.2 run-time API (RTE 1.2, section 3.3): eight synchronous calls that never throw, whatever they are given.
// It lies on the player page, one step above the content frame, so that every API finder meets it at once.
"use strict";
(() => {
  const { DataModel, Recorder, silentRecorder } = globalThis.PassbackScorm;
  const GENERAL = 101, INVALID_ARGUMENT = 201, NOT_INITIALIZED = 301, WRONG_TYPE = 405;
  const EXIT = "cmi.core.exit", SESSION_TIME = "cmi.core.session_time", ENTRY = "cmi.core.entry";

  // A name as content passes it, or null: strings only, String objects of other frames included.
  function nameOf(argument) {
    if (typeof argument === "string") return argument;
    return Object.prototype.toString.call(argument) === "[object String]" ? textOf(argument) : null;
  }

  // A value as a text, or null where it refuses. undefined and null mean "nothing", not the words.
  function textOf(argument) {
    if (argument === undefined || argument === null) return "";
    try {
      return String(argument);
    } catch {
      return null;
    }
  }

  // boot: what the server's boot.py made. recorder: gets every accepted change. finished: called after LMSFinish.
  function createApi(boot, recorder, finished) {
    const model = new DataModel(boot.table, boot);
    let state = "before"; // before | running | after
    let lastError = 0;
    let diagnostic = "";

    function result(error, detail) {
      lastError = error;
      diagnostic = error === 0 ? "" : detail || boot.table.errors[error] || "";
      return error === 0 ? "true" : "false";
    }

    function badArgument(argument) {
      return !(nameOf(argument) === "" || (!boot.strict && (argument === undefined || argument === null)));
    }

    function notRunning(call) {
      const when = state === "before" ? "before LMSInitialize" : "after LMSFinish";
      return result(NOT_INITIALIZED, `${call} was called ${when}.`);
    }

    function begin() {
      if (state === "after") model.put(ENTRY, model.values.get(EXIT) === "suspend" ? "resume" : "");
      model.drop(EXIT);
      model.drop(SESSION_TIME);
      state = "running";
      recorder.event("initialize");
      return result(0);
    }

    function errorString(code) {
      const asked = textOf(code);
      return Object.prototype.hasOwnProperty.call(boot.table.errors, asked) ? boot.table.errors[asked] : "";
    }

    // Content sees no exception of ours, and none of what it passes in: proxies, throwing toString, anything.
    function guarded(call, failed) {
      return (...given) => {
        try {
          return call(...given);
        } catch {
          result(GENERAL, "Something unexpected was passed in.");
          return failed;
        }
      };
    }

    const calls = {
      LMSInitialize(argument) {
        if (badArgument(argument)) return result(INVALID_ARGUMENT, "LMSInitialize takes an empty string.");
        if (state === "before") return begin();
        if (!boot.reinitialise) return result(GENERAL, "LMSInitialize was already called in this launch.");
        return state === "running" ? result(0) : begin();
      },
      LMSFinish(argument) {
        if (badArgument(argument)) return result(INVALID_ARGUMENT, "LMSFinish takes an empty string.");
        if (state !== "running") return notRunning("LMSFinish");
        state = "after";
        recorder.event("finish");
        finished();
        return result(0);
      },
      LMSGetValue(element) {
        if (state !== "running") return notRunning("LMSGetValue") && "";
        const name = nameOf(element);
        const { value, error } = model.get(name === null ? "" : name);
        result(error, `${name}: ${boot.table.errors[error]}`);
        return value;
      },
      LMSSetValue(element, value) {
        if (state !== "running") return notRunning("LMSSetValue");
        const name = nameOf(element);
        const text = textOf(value);
        if (text === null) return result(WRONG_TYPE, `${name}: the value cannot be made a string.`);
        const error = model.set(name === null ? "" : name, text);
        if (error === 0) recorder.change(name, text, model.isUrgent(name));
        return result(error, `${name}: ${boot.table.errors[error]} (${text.slice(0, 80)})`);
      },
      LMSCommit(argument) {
        if (badArgument(argument)) return result(INVALID_ARGUMENT, "LMSCommit takes an empty string.");
        if (state !== "running") return notRunning("LMSCommit");
        recorder.commit();
        return result(0);
      },
      LMSGetLastError() {
        return String(lastError);
      },
      LMSGetErrorString(code) {
        return errorString(code);
      },
      LMSGetDiagnostic(code) {
        const asked = textOf(code);
        const last = !asked || asked === String(lastError);
        return last ? diagnostic || boot.table.errors[lastError] : errorString(asked);
      },
    };
    const answers = { LMSInitialize: "false", LMSFinish: "false", LMSSetValue: "false", LMSCommit: "false" };
    return Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, guarded(call, answers[name] || "")]));
  }

  globalThis.PassbackScorm = { ...globalThis.PassbackScorm, createApi12: createApi };

  const player = globalThis.passbackPlayer;
  if (player && player.boot) {
    const boot = player.boot.content;
    const recorder = boot.mode === "normal" ? new Recorder(player, "scorm") : silentRecorder;
    recorder.watch(globalThis);
    globalThis.API = createApi(boot, recorder, () => player.finished({ reason: "finished" }));
  }
})();
