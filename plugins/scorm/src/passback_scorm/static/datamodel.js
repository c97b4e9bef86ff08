// A data model that holds what content wrote, by the rules of a table. `rte/model.py` is its twin on the server: both
// run the same cases in tests/conformance, so change one only with the other.
"use strict";
(() => {
  const NO_ERROR = 0, GENERAL = 101, INVALID_ARGUMENT = 201, NO_CHILDREN = 202, NO_COUNT = 203;
  const NOT_IMPLEMENTED = 401, KEYWORD = 402, READ_ONLY = 403, WRITE_ONLY = 404, WRONG_TYPE = 405;
  const MAX_INDEX_DIGITS = 6;
  const KEYWORDS = new Set(["_children", "_count", "_version"]);
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

  function compileRule(data) {
    const whole = (pattern) => new RegExp("^(?:" + pattern + ")$");
    const patterns = new Map(Object.entries(data.patterns || {}).map(([kind, text]) => [kind, whole(text)]));
    return { data, pattern: data.pattern === undefined ? null : whole(data.pattern), patterns };
  }

  function accepts(rule, text, kind) {
    const data = rule.data;
    if ((data.values && data.values.includes(text)) || (text === "" && data.blank)) return true;
    if (data.max !== undefined && text.length > data.max) return false;
    const pattern = rule.patterns.get(kind) || rule.pattern;
    if (pattern && !pattern.test(text)) return false;
    if (!pattern && data.values) return false;
    return !data.range || (data.range[0] <= Number(text) && Number(text) <= data.range[1]);
  }

  function childrenOf(group, names) {
    const records = names.some((name) => name.startsWith(group + ".n."));
    const inner = records ? group + ".n." : group + ".";
    const inside = names.filter((name) => name.startsWith(inner));
    return [...new Set(inside.map((name) => name.slice(inner.length).split(".")[0]))].join(",");
  }

  function compile(table) {
    const names = Object.keys(table.elements);
    const rules = new Map(Object.entries(table.types).map(([key, type]) => {
      const strict = compileRule(type.strict);
      return [key, { strict, lenient: type.lenient ? compileRule(type.lenient) : strict }];
    }));
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
    return {
      root: table.root,
      total: table.limits.total,
      value: table.limits.value,
      elements: new Map(names.map((name) => [name, { ...table.elements[name], rules: rules.get(table.elements[name].type) }])),
      children: new Map(table.children.map((group) => [group, childrenOf(group, names)])),
      known,
      arrays,
    };
  }

  // Takes a name apart; null where it cannot be one (empty, a malformed index). `model` has n for every index.
  function parse(name) {
    if (name === "") return null;
    const seen = [], model = [], indices = [], ends = [];
    for (const part of name.split(".")) {
      if (/^[0-9]+$/.test(part)) {
        if (part.length > MAX_INDEX_DIGITS || (part[0] === "0" && part !== "0")) return null;
        ends.push(seen.join("."));
        indices.push(Number(part));
        model.push("n");
      } else {
        model.push(part === "n" ? "" : part);
      }
      seen.push(part);
    }
    const last = model[model.length - 1];
    return { name, model: model.join("."), base: model.slice(0, -1).join("."), last, root: model[0], indices, ends };
  }

  class DataModel {
    constructor(table, { values = {}, counts = {}, strict = false, size = 0 } = {}) {
      this.table = compile(table);
      this.values = new Map(Object.entries(values).map(([name, value]) => [name, unpack(value)]));
      this.counts = new Map(Object.entries(counts));
      this.strict = strict;
      this.size = size;
    }

    // As the specification's GetValue: the value and the error code.
    get(name) {
      const path = parse(name);
      if (!path || path.root !== this.table.root) return { value: "", error: INVALID_ARGUMENT };
      if (path.last === "_children" || path.last === "_count") return this.keyword(path);
      const element = this.table.elements.get(path.model);
      if (!element) return { value: "", error: NOT_IMPLEMENTED };
      if (element.access === "wo") return { value: "", error: WRITE_ONLY };
      if (!this.within(path, 0)) return { value: "", error: INVALID_ARGUMENT };
      const value = this.values.get(path.name);
      return { value: value === undefined ? element.default || "" : value, error: NO_ERROR };
    }

    // As the specification's SetValue: the error code; with 0 the value is held.
    set(name, text) {
      const path = parse(name);
      if (!path || path.root !== this.table.root) return INVALID_ARGUMENT;
      const error = this.settable(path, text);
      if (error === NO_ERROR) this.store(path, text);
      return error;
    }

    // As the LMS: no check but that the table has it.
    put(name, text) {
      const path = parse(name);
      if (path && this.table.elements.has(path.model)) this.store(path, text);
    }

    drop(name) {
      this.size -= (this.values.get(name) || "").length;
      this.values.delete(name);
    }

    isUrgent(name) {
      const element = this.table.elements.get(name);
      return Boolean(element && element.urgent);
    }

    settable(path, text) {
      if (KEYWORDS.has(path.last)) return this.table.known.has(path.base) ? KEYWORD : NOT_IMPLEMENTED;
      const element = this.table.elements.get(path.model);
      if (!element) return NOT_IMPLEMENTED;
      if (element.access === "ro") return READ_ONLY;
      if (!this.within(path, 1)) return INVALID_ARGUMENT;
      if (!this.fits(path, element, text) || heavier(text, this.table.value)) return WRONG_TYPE;
      const size = this.size + text.length - (this.values.get(path.name) || "").length;
      return size > this.table.total ? GENERAL : NO_ERROR;
    }

    keyword(path) {
      if (!this.table.known.has(path.base)) return { value: "", error: NOT_IMPLEMENTED };
      const children = this.table.children.get(path.base);
      if (path.last === "_children" && children === undefined) return { value: "", error: NO_CHILDREN };
      if (path.last === "_count" && !this.table.arrays.has(path.base)) return { value: "", error: NO_COUNT };
      if (!this.within(path, 0)) return { value: "", error: INVALID_ARGUMENT };
      if (path.last === "_children") return { value: children, error: NO_ERROR };
      const array = path.name.slice(0, -"._count".length);
      return { value: String(this.counts.get(array) || 0), error: NO_ERROR };
    }

    // Whether every index names a record; with `more` 1, a record may also be the next one.
    within(path, more) {
      return path.indices.every((index, i) => index < (this.counts.get(path.ends[i]) || 0) + more);
    }

    fits(path, element, text) {
      const rule = this.strict ? element.rules.strict : element.rules.lenient;
      const sibling = rule.data.by;
      const kind = sibling ? this.values.get(`${path.ends[0]}.${path.indices[0]}.${sibling}`) || "" : "";
      return accepts(rule, text, kind);
    }

    store(path, text) {
      this.size += text.length - (this.values.get(path.name) || "").length;
      this.values.set(path.name, text);
      path.indices.forEach((index, i) => {
        this.counts.set(path.ends[i], Math.max(this.counts.get(path.ends[i]) || 0, index + 1));
      });
    }
  }

  globalThis.PassbackScorm = { ...globalThis.PassbackScorm, DataModel, pack, unpack };
})();
