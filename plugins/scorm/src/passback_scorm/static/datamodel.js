// A data model that holds what content wrote, by the rules of a table. `rte/model.py` is its twin on the server: both
// run the same cases in tests/conformance, so change one only with the other.
"use strict";
(() => {
  const { compileRules } = globalThis.PassbackScorm;
  const NO_ERROR = 0;
  const MAX_INDEX_DIGITS = 6;
  const KEYWORDS = new Set(["_children", "_count", "_version"]);
  const TARGET = ".{target=";
  const UNSTORABLE = /[\u0000\uD800-\uDFFF]/u; // with the flag u: lone halves of surrogate pairs only

  // JSON stores refuse NUL and lone surrogates (see rte/text.py).
  function pack(text) {
    if (!UNSTORABLE.test(text)) return text;
    let bytes = "";
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      bytes += String.fromCharCode(unit & 255, unit >> 8);
    }
    return { utf16: btoa(bytes) };
  }

  function unpack(value) {
    if (typeof value === "string") return value;
    const bytes = atob(value.utf16);
    let text = "";
    for (let i = 0; i + 1 < bytes.length; i += 2) {
      text += String.fromCharCode(bytes.charCodeAt(i) | (bytes.charCodeAt(i + 1) << 8));
    }
    return text;
  }

  // Whether a text, packed, takes more than `limit` bytes as JSON in ASCII, which is how the server measures it.
  function heavier(text, limit) {
    if (text.length * 6 <= limit) return false;
    const json = JSON.stringify(pack(text));
    return json.length + 5 * (json.match(/[^ -~]/g) || []).length > limit;
  }

  function childrenOf(group, names) {
    const records = names.some((name) => name.startsWith(group + ".n."));
    const inner = records ? group + ".n." : group + ".";
    const inside = names.filter((name) => name.startsWith(inner));
    return [...new Set(inside.map((name) => name.slice(inner.length).split(".")[0]))].join(",");
  }

  function compile(table) {
    const names = Object.keys(table.elements);
    const rules = compileRules(table);
    const known = new Set();
    const arrays = new Set();
    for (const name of names) {
      const parts = name.split(".");
      for (let end = 1; end <= parts.length; end++) {
        const prefix = parts.slice(0, end).join(".");
        if (parts[end - 1] === "n") arrays.add(prefix.slice(0, -2));
        else known.add(prefix);
      }
    }
    const children = table.children.map((group) => [group, childrenOf(group, names)]);
    return {
      roots: table.roots,
      codes: table.codes,
      total: table.limits.total,
      value: table.limits.value,
      elements: new Map(names.map((name) => [name, { ...table.elements[name], rules: rules(table.elements[name].type) }])),
      children: new Map(children.filter(([, listed]) => listed)),
      known,
      arrays,
    };
  }

  // Takes a name apart; null where it cannot be one (empty, a malformed index). `model` has n for every index.
  function parse(name) {
    if (name === "") return null;
    const at = name.indexOf(TARGET);
    const targeted = at >= 0 && name.endsWith("}"); // a target is an identifier of the manifest and may have dots
    const seen = [], model = [], indices = [], ends = [];
    for (const part of targeted ? [...name.slice(0, at).split("."), "{target}"] : name.split(".")) {
      if (/^[0-9]+$/.test(part) && !targeted) {
        if (part.length > MAX_INDEX_DIGITS || (part[0] === "0" && part !== "0")) return null;
        ends.push(seen.join("."));
        indices.push(Number(part));
        model.push("n");
      } else {
        model.push(part === "n" && !targeted ? "" : part);
      }
      seen.push(part);
    }
    return {
      name, indices, ends,
      model: model.join("."),
      base: model.slice(0, -1).join("."),
      last: model[model.length - 1],
      root: model[0],
      record: ends.length > 0 ? `${ends[0]}.${indices[0]}` : "", // the outermost one, e.g. cmi.interactions.3
      target: targeted ? name.slice(at + TARGET.length, -1) : "",
    };
  }

  class DataModel {
    // stores: {read, write} for each record of adl.data. validity: what a navigation request would do now: `continue`
    // and `previous` as booleans, `choice` and `jump` as booleans by target; what is not in it is unknown.
    constructor(table, { values = {}, counts = {}, strict = false, size = 0, stores = [], validity = {} } = {}) {
      this.table = compile(table);
      this.values = new Map(Object.entries(values).map(([name, value]) => [name, unpack(value)]));
      this.counts = new Map(Object.entries(counts));
      this.strict = strict;
      this.size = size;
      this.stores = stores;
      this.validity = validity; // the very object: the player brings it up to date
    }

    // As the specification's GetValue: the value and the error code.
    get(name) {
      const { codes, roots, elements } = this.table;
      const path = parse(name);
      if (!path) return { value: "", error: codes.get_name };
      if (!roots.includes(path.root)) return { value: "", error: codes.root };
      if (path.last === "_children" || path.last === "_count") return this.keyword(path);
      const element = elements.get(path.model);
      const fault = this.ungettable(path, element);
      return fault ? { value: "", error: codes[fault] } : this.value(path, element);
    }

    // As the specification's SetValue: the error code; with 0 the value is held.
    set(name, text) {
      const { codes, roots } = this.table;
      const path = parse(name);
      if (!path) return codes.set_name;
      if (!roots.includes(path.root)) return codes.root;
      const fault = this.unsettable(path, text);
      if (fault) return codes[fault];
      this.store(path, text);
      return NO_ERROR;
    }

    // As the LMS: no check but that the table has it.
    put(name, text) {
      const path = parse(name);
      if (path && this.table.elements.has(path.model)) this.store(path, text);
    }

    drop(name) {
      this.size -= this.text(name).length;
      this.values.delete(name);
    }

    // What was written to an element, whatever its access; "" where nothing was.
    text(name) {
      return this.values.get(name) || "";
    }

    isUrgent(name) {
      const element = this.table.elements.get(name);
      return Boolean(element && element.urgent);
    }

    // What is wrong with asking for an element, by its name in the table's codes.
    ungettable(path, element) {
      if (!element) return "unknown";
      if (element.access === "wo") return "write_only";
      if (!this.within(path, 0)) return "get_index";
      return element.flags && !this.storeOf(path).read ? "write_only" : "";
    }

    value(path, element) {
      if (element.validity) return { value: this.valid(path), error: NO_ERROR };
      const judged = element.judged ? this.judge(element.judged) : null;
      if (judged !== null) return { value: judged, error: NO_ERROR };
      const text = this.text(path.name);
      if (text || (this.values.has(path.name) && !element.empty_is_unset)) return { value: text, error: NO_ERROR };
      const initial = element.default;
      return { value: initial || "", error: initial === undefined ? this.table.codes.unset : NO_ERROR };
    }

    // What is wrong with setting an element, by its name in the table's codes.
    unsettable(path, text) {
      if (KEYWORDS.has(path.last)) return this.table.known.has(path.base) ? "keyword" : "unknown";
      const element = this.table.elements.get(path.model);
      if (!element) return "unknown";
      if (element.access === "ro") return "read_only";
      if (!this.within(path, element.fixed ? 0 : 1)) return "set_index";
      if (element.flags && !this.storeOf(path).write) return "read_only";
      if ((element.needs || []).some((sibling) => !this.values.has(`${path.record}.${sibling}`))) return "dependency";
      return this.unfit(path, element, text) || this.tooMuch(path, text);
    }

    unfit(path, element, text) {
      const type = path.record ? this.text(`${path.record}.type`) : "";
      if (path.indices[path.indices.length - 1] > 0 && (element.single_for || []).includes(type)) return "conflict";
      const rule = this.strict ? element.rules.strict : element.rules.lenient;
      const fault = rule.fault(text, rule.data.by ? this.text(`${path.record}.${rule.data.by}`) : "");
      if (fault) return fault;
      const changed = element.once && this.values.has(path.name) && this.values.get(path.name) !== text;
      // what may change may be exchanged: only strictly no two may have the same
      const strictly = element.once || this.strict;
      const unique = strictly && (element.unique || (element.unique_for || []).includes(type));
      return changed || (unique && this.taken(path, text)) ? "conflict" : "";
    }

    // Whether another record of the array has this value already.
    taken(path, text) {
      const array = path.ends[path.ends.length - 1], own = path.indices[path.indices.length - 1];
      const field = path.name.slice(`${array}.${own}.`.length);
      for (let index = 0; index < (this.counts.get(array) || 0); index++) {
        if (index !== own && this.values.get(`${array}.${index}.${field}`) === text) return true;
      }
      return false;
    }

    tooMuch(path, text) {
      if (heavier(text, this.table.value)) return "heavy";
      return this.size + text.length - this.text(path.name).length > this.table.total ? "full" : "";
    }

    keyword(path) {
      const { codes } = this.table;
      const children = this.table.children.get(path.base);
      if (!this.table.known.has(path.base)) return { value: "", error: codes.unknown };
      if (path.last === "_children" && children === undefined) return { value: "", error: codes.no_children };
      if (path.last === "_count" && !this.table.arrays.has(path.base)) return { value: "", error: codes.no_count };
      if (!this.within(path, 0)) return { value: "", error: codes.get_index };
      if (path.last === "_children") return { value: children, error: NO_ERROR };
      const array = path.name.slice(0, -"._count".length);
      return { value: String(this.counts.get(array) || 0), error: NO_ERROR };
    }

    valid(path) {
      const request = (path.last === "{target}" ? path.base : path.model).split(".").pop();
      const answer = Object.prototype.hasOwnProperty.call(this.validity, request) ? this.validity[request] : undefined;
      if (typeof answer === "boolean") return String(answer);
      if (!answer || typeof answer !== "object") return "unknown";
      return String(Object.prototype.hasOwnProperty.call(answer, path.target) && answer[path.target] === true);
    }

    // The status that the LMS decides (RTE 4.2.4, 4.2.22); null where it has no threshold: content's word stands.
    judge({ threshold, measure, reached, missed, unknown }) {
      if (!this.values.has(threshold)) return null;
      if (!this.values.has(measure)) return unknown;
      return Number(this.values.get(measure)) >= Number(this.values.get(threshold)) ? reached : missed;
    }

    // Whether every index names a record; with `more` 1, a record may also be the next one.
    within(path, more) {
      return path.indices.every((index, i) => index < (this.counts.get(path.ends[i]) || 0) + more);
    }

    storeOf(path) {
      return this.stores[path.indices[0]] || { read: false, write: false };
    }

    store(path, text) {
      this.size += text.length - this.text(path.name).length;
      this.values.set(path.name, text);
      path.indices.forEach((index, i) => {
        this.counts.set(path.ends[i], Math.max(this.counts.get(path.ends[i]) || 0, index + 1));
      });
    }
  }

  globalThis.PassbackScorm = { ...globalThis.PassbackScorm, DataModel, pack, unpack };
})();
