// Both pages: the form that predicts, and the calls that can be tried. No library, no address but this server's.
"use strict";

const key = document.querySelector("#key");
if (key) {
  key.value = sessionStorage.getItem("key") || "";
  key.addEventListener("change", () => sessionStorage.setItem("key", key.value));
}

async function call(method, path, body, kind) {
  const headers = body === undefined ? {} : { "Content-Type": kind || "application/json" };
  if (key && key.value) headers.Authorization = `Bearer ${key.value}`;
  const started = performance.now();
  const answer = await fetch(path, { method, headers, body });
  const text = await answer.text();
  let content = text;
  try { content = JSON.parse(text); } catch { /* plain text stays as it is */ }
  return { status: answer.status, ok: answer.ok, content, milliseconds: performance.now() - started };
}

function element(tag, text, style) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (style) made.className = style;
  return made;
}

function rowOf(form) {
  const row = {};
  for (const input of form.querySelectorAll("input[name]")) {
    if (input.value === "") continue; // left out: the server says what it assumes
    const moment = input.type === "datetime-local";
    row[input.name] = moment || Number.isNaN(Number(input.value)) ? input.value : Number(input.value);
  }
  return row;
}

function showPrediction(target, form, answer) {
  target.replaceChildren();
  if (!answer.ok) {
    const box = element("div", "", "problem");
    const errors = answer.content.errors || [];
    if (errors.length === 0) box.append(element("div", answer.content.detail || `HTTP ${answer.status}`));
    for (const error of errors) box.append(element("div", `${error.field}: ${error.message}`));
    target.append(box);
    return;
  }
  const value = answer.content[form.dataset.output];
  target.append(element("div", `${value.toFixed(1)} ${form.dataset.unit}`, "figure"));
  target.append(element("p", `by version ${answer.content.model_version} in ${answer.milliseconds.toFixed(0)} ms`, "soft"));
  for (const assumed of answer.content.assumed)
    if (assumed.value !== null) target.append(element("p", `${assumed.field} was taken as ${assumed.value}`, "soft"));
}

const form = document.querySelector("form#predict");
if (form) form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify(rowOf(form));
  const target = document.querySelector("#prediction");
  try { showPrediction(target, form, await call("POST", "/predict", body)); }
  catch { target.replaceChildren(element("div", "The server did not answer.", "problem")); }
});

function quoted(text) { return `'${text.replaceAll("'", "'\\''")}'`; }

function curlOf(method, path, body, kind) {
  let command = `curl ${method === "GET" ? "" : `-X ${method} `}${location.origin}${path}`;
  if (key) command += " -H 'Authorization: Bearer YOUR_KEY'";
  return body === undefined ? command : `${command} -H 'Content-Type: ${kind}' -d ${quoted(body)}`;
}

for (const block of document.querySelectorAll("details.call")) {
  const { method, path, kind } = block.dataset;
  const text = block.querySelector("textarea");
  const curl = block.querySelector(".curl");
  const told = block.querySelector(".told");
  const body = () => (text ? text.value : undefined);
  const refresh = () => { curl.textContent = curlOf(method, path, body(), kind); };
  refresh();
  if (text) text.addEventListener("input", refresh);
  block.querySelector("button.send").addEventListener("click", async () => {
    try {
      const answer = await call(method, path, body(), kind);
      const shown = typeof answer.content === "string" ? answer.content : JSON.stringify(answer.content, null, 2);
      told.textContent = `${answer.status} in ${answer.milliseconds.toFixed(0)} ms\n${shown}`;
    } catch { told.textContent = "The server did not answer."; }
    told.hidden = false;
  });
}
