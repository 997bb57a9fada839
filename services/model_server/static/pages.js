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

class UnknownName extends Error {}

function numberOf(input) { // of a field with a long list of names: by its name, a part that only one has, or the number
  const text = input.value.trim().toLowerCase();
  const options = [...input.list.options];
  const exact = options.filter((option) => option.value.toLowerCase() === text);
  const found = exact.length ? exact : Number.isNaN(Number(text)) ? options.filter((option) => option.value.toLowerCase().includes(text)) : [];
  if (found.length === 1) {
    input.value = found[0].value; // what is sent is what is seen
    return Number(found[0].dataset.number);
  }
  if (!Number.isNaN(Number(text))) return Number(text);
  const names = found.length ? `${found.length} names have` : "no name has";
  throw new UnknownName(`${input.name}: ${names} "${input.value}" in it; choose one of the list or send its number`);
}

function rowOf(form) {
  const row = {};
  for (const input of form.querySelectorAll("input[name], select[name]")) {
    if (input.value === "") continue; // left out: the server says what it assumes
    const moment = input.type === "datetime-local";
    if (input.list) row[input.name] = numberOf(input);
    else row[input.name] = moment || Number.isNaN(Number(input.value)) ? input.value : Number(input.value);
  }
  return row;
}

function showProblem(target, texts) {
  const box = element("div", "", "problem");
  for (const text of texts) box.append(element("div", text));
  target.replaceChildren(box);
}

function showPrediction(target, form, answer) {
  if (!answer.ok) {
    const errors = (answer.content.errors || []).map((error) => `${error.field}: ${error.message}`);
    showProblem(target, errors.length ? errors : [answer.content.detail || `HTTP ${answer.status}`]);
    return;
  }
  const value = answer.content[form.dataset.output];
  target.replaceChildren(
    element("div", `${value.toFixed(1)} ${form.dataset.unit}`, "figure"),
    element("p", `by version ${answer.content.model_version} in ${answer.milliseconds.toFixed(0)} ms`, "soft"));
  const { assumed } = answer.content;
  if (assumed.length === 0) return;
  const list = element("ul", "", "plain soft");
  for (const { field, value: taken } of assumed) {
    const label = form.elements[field].closest("label").firstChild.textContent.trim();
    list.append(element("li", `${label} (${field}): ${taken ?? "not known"}`));
  }
  target.append(element("p", "Assumed, since you left it empty:", "soft"), list);
}

const form = document.querySelector("form#predict");
if (form) {
  const target = document.querySelector("#prediction");
  form.addEventListener("invalid", () => target.replaceChildren(), true); // the browser says what is wrong, no old answer beside it
  for (const input of form.querySelectorAll("input[list]")) input.addEventListener("focus", () => input.select()); // so that typing offers all names
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    target.replaceChildren();
    try { showPrediction(target, form, await call("POST", "/predict", JSON.stringify(rowOf(form)))); }
    catch (error) { showProblem(target, [error instanceof UnknownName ? error.message : "The server did not answer."]); }
  });
}

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
