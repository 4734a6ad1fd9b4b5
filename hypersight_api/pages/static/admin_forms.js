// What the admin pages share: asking the API, reading forms, and showing what is wrong beside the field.
import { csrfHeaders, signInAgain } from "/static/shell.js";

/** Asks the API; returns `{ok, status, value, problem}`, where `problem` is `{detail, errors}`. */
export async function ask(method, path, body) {
  let reply;
  try {
    reply = await fetch(new URL(path, location.origin), {
      method,
      headers: { ...csrfHeaders(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    return { ok: false, status: 0, problem: { detail: "The server does not answer. Nothing was changed; try again", errors: [] } };
  }
  if (reply.status === 401) signInAgain();
  const value = await reply.json().catch(() => null);
  if (reply.ok) return { ok: true, status: reply.status, value };
  return { ok: false, status: reply.status, problem: { detail: value?.detail ?? reply.statusText, errors: value?.errors ?? [] } };
}

const READERS = {
  text: (input) => input.value.trim(),
  number: (input) => (input.value.trim() === "" ? input.value : Number(input.value)),
  secret: (input) => input.value,
  days: (input) => (input.value === "" ? null : Number(input.value)),
  flag: (input) => input.checked,
  list: (input) => input.value.split(",").map((one) => one.trim()).filter(Boolean),
  headers: (input) => Object.fromEntries(input.value.split("\n").filter((line) => line.trim()).map(splitHeader)),
};

function splitHeader(line) {
  const [name, ...value] = line.split(":");
  return [name.trim(), value.join(":").trim()];
}

/** The values of a form's fields, as the API wants them. */
export function valuesOf(form) {
  const inputs = [...form.querySelectorAll("[data-as]")].filter((input) => !input.disabled && !input.closest("[hidden]"));
  return Object.fromEntries(inputs.map((input) => [input.name, READERS[input.dataset.as](input)]));
}

export function clearProblems(root) {
  for (const place of root.querySelectorAll("[data-problem]")) place.hidden = true;
  for (const input of root.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

/** Shows each error beside its field, the rest at the form's end, and goes to the first. */
export function showProblem(root, { detail, errors }) {
  clearProblems(root);
  const beside = errors.filter(({ field }) => field && placeFor(root, field));
  for (const { field, message } of beside) put(placeFor(root, field), message);
  const inputs = beside.map(({ field }) => root.querySelector(`[name="${CSS.escape(field)}"]`)).filter(Boolean);
  for (const input of inputs) input.setAttribute("aria-invalid", "true");
  if (!beside.length) put(placeFor(root, ""), detail);
  const first = inputs[0];
  if (first?.closest("details")) first.closest("details").open = true;
  first?.focus();
}

function placeFor(root, field) {
  return root.querySelector(`[data-problem="${CSS.escape(field)}"]`);
}

function put(place, message) {
  if (!place) return;
  place.textContent = sentence(message);
  place.hidden = false;
}

export function sentence(text) {
  const trimmed = text.trim();
  return `${trimmed[0].toUpperCase()}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? "" : "."}`;
}

/** What the browser itself finds wrong with a form, as the API would say it. */
export function ownErrors(form) {
  return [...form.elements]
    .filter((input) => input.name && input.willValidate && !input.checkValidity() && !input.closest("[hidden]"))
    .map((input) => ({ field: input.name, message: input.validationMessage }));
}

/** Runs `action` while a button says that it is busy. */
export async function whileBusy(button, words, action) {
  const before = button.textContent;
  button.disabled = true;
  button.textContent = words;
  try {
    return await action();
  } finally {
    button.disabled = false;
    button.textContent = before;
  }
}

async function flip(button) {
  const wanted = button.getAttribute("aria-checked") !== "true";
  button.disabled = true;
  const { ok, problem } = await ask("PATCH", button.dataset.switch, { enabled: wanted });
  button.disabled = false;
  if (!ok) return showProblem(document, { ...problem, errors: [] });
  button.setAttribute("aria-checked", String(wanted));
  button.querySelector("b").textContent = wanted ? "On" : "Off";
  clearProblems(document);
}

async function remove(form, button) {
  const isPurge = form.elements.purge.value === "true";
  const { ok, problem } = await whileBusy(button, "Deleting …", () => ask("DELETE", `${form.dataset.delete}?purge=${isPurge}`));
  if (ok) location.assign(`${location.origin}/admin`);
  else showProblem(form, { ...problem, errors: [] });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.switch) flip(button);
  if (button?.dataset.open) document.getElementById(button.dataset.open).showModal();
  if (button && "close" in button.dataset) button.closest("dialog").close();
});
document.addEventListener("submit", (event) => {
  if (!event.target.dataset.delete) return;
  event.preventDefault();
  remove(event.target, event.submitter);
});
