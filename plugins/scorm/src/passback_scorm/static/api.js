// A run-time API as a table describes it: eight synchronous calls that never throw, whatever they are given
// (SCORM 1.2 RTE 3.3; SCORM 2004 RTE 3.1). Names, states and codes are the table's.
"use strict";
(() => {
  const { DataModel } = globalThis.PassbackScorm;
  const LONGEST_DIAGNOSTIC = 254; // RTE 3.1.6.3: at most 255 characters
  const WORTH_SHOWING = 80;

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

  // boot: what the server hands over; set `boot.over` once another activity has taken the place. recorder: gets every accepted change. finished: called after the end, with what
  // content asked of navigation ("" for nothing).
  function createApi(boot, recorder, finished) {
    const { api, errors } = boot.table;
    const model = new DataModel(boot.table, boot);
    let state = "before"; // before | running | after
    let lastError = 0;
    let diagnostic = "";

    function result(error, detail) {
      lastError = error;
      diagnostic = error === 0 ? "" : (detail || errors[error] || "").slice(0, LONGEST_DIAGNOSTIC);
      return error === 0 ? "true" : "false";
    }

    function badArgument(call, argument) {
      if (nameOf(argument) === "" || (!boot.strict && (argument === undefined || argument === null))) return false;
      result(api.codes.argument, `${api.calls[call]} takes an empty string.`);
      return true;
    }

    // Whether a call comes at the wrong time; the error is set then.
    function untimely(call) {
      const error = api.states[call][state];
      if (error === undefined) return false;
      const { initialize, terminate } = api.calls;
      const when = { before: `before ${initialize}`, running: "in a launch that runs", after: `after ${terminate}` };
      result(error, `${api.calls[call]} was called ${when[state]}.`);
      return true;
    }

    function begin() {
      if (state === "after") model.put(api.entry, model.text(api.exit) === "suspend" ? "resume" : "");
      for (const name of api.session) model.drop(name);
      state = "running";
      recorder.event("initialize");
      return result(0);
    }

    function asked() {
      const request = api.request ? model.text(api.request) : "";
      return request === "_none_" ? "" : request;
    }

    function errorString(code) {
      const text = textOf(code);
      return Object.prototype.hasOwnProperty.call(errors, text) ? errors[text] : "";
    }

    // Tells the recorder of a call that was refused. The three that ask for errors tell nothing.
    function note(call, [element, value]) {
      if (lastError === 0 || !(call in api.states)) return;
      recorder.refused(call, nameOf(element) ?? "", call === "set" ? textOf(value) : null, lastError);
    }

    // Content sees no exception of ours, and none of what it passes in: proxies, throwing toString, anything.
    function guarded(name, failed) {
      return (...given) => {
        if (boot.over) state = "after"; // a window that outlived its activity
        try {
          const answer = calls[name](...given);
          note(name, given);
          return answer;
        } catch {
          result(api.codes.general, "Something unexpected was passed in.");
          return failed;
        }
      };
    }

    const calls = {
      initialize(argument) {
        if (badArgument("initialize", argument)) return "false";
        const again = boot.reinitialise && !boot.over;
        if (state === "before" || (again && state === "after")) return begin();
        if (again) return result(0);
        untimely("initialize");
        return "false";
      },
      terminate(argument) {
        if (badArgument("terminate", argument) || untimely("terminate")) return "false";
        state = "after";
        recorder.event("finish");
        finished(asked());
        return result(0);
      },
      get(element) {
        if (untimely("get")) return "";
        const name = nameOf(element);
        const { value, error } = model.get(name === null ? "" : name);
        result(error, `${name}: ${errors[error]}`);
        return value;
      },
      set(element, value) {
        if (untimely("set")) return "false";
        const name = nameOf(element);
        const text = textOf(value);
        if (text === null) return result(api.codes.value, `${name}: the value cannot be made a string.`);
        const error = model.set(name === null ? "" : name, text);
        if (error === 0) recorder.change(name, text, model.isUrgent(name));
        return result(error, `${name}: ${errors[error]} (${text.slice(0, WORTH_SHOWING)})`);
      },
      commit(argument) {
        if (badArgument("commit", argument) || untimely("commit")) return "false";
        recorder.commit();
        return result(0);
      },
      last_error() {
        return String(lastError);
      },
      error_string(code) {
        return errorString(code);
      },
      diagnostic(code) {
        const text = textOf(code);
        return !text || text === String(lastError) ? diagnostic || errors[lastError] : errorString(text);
      },
    };
    const failed = { initialize: "false", terminate: "false", set: "false", commit: "false" };
    const named = Object.entries(api.calls).map(([call, name]) => [name, guarded(call, failed[call] || "")]);
    return { ...Object.fromEntries(named), ...(api.version ? { version: api.version } : {}) };
  }

  // Lays the API where content looks for it: on the player page, one step above the content frame, so that every API
  // finder meets it at once. Every activity that follows gets a model of its own, and a recorder that has not yet said
  // its last words. finished(player, request): content has ended.
  function furnish(object, finished) {
    const player = globalThis.passbackPlayer;
    if (!player || !player.boot) return;
    const { Recorder, silentRecorder } = globalThis.PassbackScorm;
    let current = {};
    const lay = ({ content }) => {
      const recorder = content.mode === "normal" ? new Recorder(player, "scorm") : silentRecorder;
      recorder.watch(globalThis);
      current.over = true;
      current = content;
      if (!content.table) return void delete globalThis[object]; // nothing is shown that could call it
      globalThis[object] = createApi(content, recorder, (request) => finished(player, request));
    };
    lay(player.boot);
    player.onFurnished?.(lay);
  }

  globalThis.PassbackScorm = { ...globalThis.PassbackScorm, createApi, furnish };
})();
