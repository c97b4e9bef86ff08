// Keeps values for tools as long as this page is shown, each origin's apart (1EdTech lti-cs-pm 0.1, lti-pm-s 0.1).
"use strict";
{
  const here = document.currentScript.dataset;
  const tools = JSON.parse(here.tools);
  const keepsValues = here.keeps === "yes";
  const kept = new Map(); // origin → key → value

  const size = (values) => [...values].reduce((sum, [key, value]) => sum + new Blob([key, value]).size, 0);

  const put = (origin, key, value) => {
    const values = new Map(kept.get(origin));
    if (value === null) values.delete(key);
    else values.set(key, value);
    if (values.size > Number(here.maxKeys) || size(values) > Number(here.maxBytes)) {
      return { error: { code: "storage_exhaustion", message: "This tool keeps too much here." } };
    }
    kept.set(origin, values);
    return { key, value };
  };

  const supported = () => {
    const storage = ["lti.get_data", "lti.put_data"].map((subject) => ({ subject, frame: here.frame }));
    return { supported_messages: [{ subject: "lti.capabilities" }, ...storage] };
  };

  const answer = (said, origin) => {
    if (!tools.includes(origin)) return { error: { code: "unauthorized", message: "No registered tool is there." } };
    if (said.subject === "lti.capabilities") return supported();
    const asksStorage = said.subject === "lti.put_data" || said.subject === "lti.get_data";
    if (!asksStorage || !keepsValues) return { error: { code: "unsupported_subject", message: "Not answered here." } };
    if (typeof said.key !== "string" || typeof said.message_id !== "string") {
      return { error: { code: "bad_request", message: "A key and a message_id are needed." } };
    }
    if (said.subject === "lti.get_data") return { key: said.key, value: kept.get(origin)?.get(said.key) ?? null };
    if (typeof said.value !== "string" && said.value !== null) {
      return { error: { code: "bad_request", message: "A value is text, or null to forget it." } };
    }
    return put(origin, said.key, said.value);
  };

  window.addEventListener("message", (event) => {
    const said = event.data;
    if (typeof said !== "object" || said === null || !/^lti\.(capabilities|put_data|get_data)$/.test(said.subject)) return;
    const reply = { subject: `${said.subject}.response`, message_id: said.message_id, ...answer(said, event.origin) };
    event.source.postMessage(reply, event.origin);
  });
}
