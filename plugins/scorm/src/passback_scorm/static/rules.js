// Rules of a table: whether a text is a value of a type. `rte/rules.py` is the twin: both run the same cases in
// tests/conformance, so change one only with the other.
"use strict";
(() => {
  const TAG = /^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$/;
  const LANGUAGE = /^\{lang=([^}]*)\}/;
  const FLAG = /^\{(case_matters|order_matters)=([^}]*)\}/;

  class Rule {
    // languages: the primary subtags that are known; any where empty. named: the rule of another type.
    constructor(data, languages, named) {
      const whole = (pattern) => new RegExp("^(?:" + pattern + ")$");
      this.data = data;
      this.languages = languages;
      this.pattern = data.pattern === undefined ? null : whole(data.pattern);
      this.patterns = new Map(Object.entries(data.patterns || {}).map(([kind, text]) => [kind, whole(text)]));
      this.kinds = new Map(Object.entries(data.kinds || {}).map(([kind, name]) => [kind, named(name)]));
      this.of = (data.of || []).map(named);
    }

    // What is wrong with a text: "" nothing, "type", or "range". kind: the value of the sibling that `by` names.
    fault(text, kind = "") {
      const { data } = this;
      if (this.kinds.has(kind)) return this.kinds.get(kind).fault(text);
      if ((data.values && data.values.includes(text)) || (text === "" && data.blank)) return "";
      const bare = this.bare(text);
      if (bare === null || (data.max !== undefined && bare.length > data.max)) return "type";
      if (!this.matches(bare, kind) || !this.consists(bare)) return "type";
      if (!data.range) return "";
      const [low, high] = data.range;
      return (low === null || low <= Number(bare)) && (high === null || Number(bare) <= high) ? "" : "range";
    }

    // Takes the delimiters off that come before a text (RTE 4.1.1.6); null where one of them has no such value.
    bare(text) {
      const flags = new Set(this.data.flags || []);
      let tongue = this.data.localized;
      for (;;) {
        const flag = FLAG.exec(text);
        const language = tongue && LANGUAGE.exec(text);
        if (flag && flags.has(flag[1])) {
          // after {lang=} it is the beginning of the text
          if (flag[2] !== "true" && flag[2] !== "false") return this.data.localized && !tongue ? text : null;
          flags.delete(flag[1]);
          text = text.slice(flag[0].length);
        } else if (language) {
          if (!this.isLanguage(language[1])) return null;
          tongue = false;
          text = text.slice(language[0].length);
        } else {
          return text;
        }
      }
    }

    isLanguage(text) {
      const primary = text.split("-")[0].toLowerCase();
      return TAG.test(text) && (this.languages.size === 0 || this.languages.has(primary));
    }

    matches(text, kind) {
      const pattern = this.patterns.get(kind) || this.pattern;
      if (pattern && !pattern.test(text)) return false;
      if (!pattern && this.data.values && this.of.length === 0) return false;
      return !this.data.language || this.isLanguage(text);
    }

    consists(text) {
      const { data, of } = this;
      if (data.items) {
        const items = text.split(data.items);
        const twice = data.unique && new Set(items).size < items.length;
        return !twice && items.every((item) => !of[0].fault(item));
      }
      if (data.pair) {
        const sides = text.split(data.pair);
        return sides.length === 2 && sides.some(Boolean) && sides.every((side, i) => !of[i].fault(side));
      }
      if (data.span) {
        const ends = text.split(data.span);
        const given = ends.filter(Boolean);
        const rising = given.length < 2 || Number(given[0]) <= Number(given[1]);
        return ends.length <= 2 && given.every((end) => !of[0].fault(end)) && rising;
      }
      return of.length === 0 || !of[0].fault(text);
    }
  }

  // The rules of a table's types by name: {strict, lenient}. Lenient ones know any language.
  function compileRules(table) {
    const known = new Set((table.languages || "").split(" ").filter(Boolean));
    const made = new Map();
    const named = (mode) => (name) => {
      const key = mode + " " + name;
      if (!made.has(key)) {
        const data = table.types[name][mode] || table.types[name].strict;
        made.set(key, new Rule(data, mode === "strict" ? known : new Set(), named(mode)));
      }
      return made.get(key);
    };
    return (name) => ({ strict: named("strict")(name), lenient: named("lenient")(name) });
  }

  globalThis.PassbackScorm = { ...globalThis.PassbackScorm, compileRules };
})();
