// Accounts and tokens: saved, made and taken away through the API.
import { ask, clearProblems, ownErrors, showProblem, valuesOf, whileBusy } from "/static/admin_forms.js";
import { showConnection } from "/static/shell.js";

const account = document.getElementById("account");
const token = document.getElementById("token");
const removal = document.getElementById("removal");
const made = document.getElementById("made");

async function send(form, button, method, path, values) {
  const errors = ownErrors(form);
  if (errors.length) {
    showProblem(form, { detail: "", errors });
    return null;
  }
  clearProblems(form);
  const { ok, value, problem } = await whileBusy(button, "Saving …", () => ask(method, path, values));
  if (!ok) showProblem(form, problem);
  return ok ? value : null;
}

async function saveAccount(button) {
  const { password, ...values } = valuesOf(account);
  const id = account.dataset.account;
  const path = id ? `/api/v1/accounts/${id}` : "/api/v1/accounts";
  const saved = await send(account, button, id ? "PATCH" : "POST", path, { ...values, ...(password && { password }) });
  if (saved) location.assign(`${location.origin}/accounts`);
}

async function makeToken(button) {
  const scopes = [...token.querySelectorAll('[name="scopes"]:checked')].map((box) => box.value);
  if (!scopes.length) return showProblem(token, { detail: "", errors: [{ field: "scopes", message: "Say what it may do" }] });
  const value = await send(token, button, "POST", "/api/v1/tokens", { ...valuesOf(token), scopes });
  if (!value) return;
  document.getElementById("secret").value = value.secret;
  document.getElementById("copied").textContent = "";
  made.showModal();
  document.getElementById("secret").select();
  token.reset();
  await showTokens();
}

async function remove(form, button) {
  const { ok, problem } = await whileBusy(button, "One moment …", () => ask("DELETE", form.dataset.remove));
  if (!ok) return showProblem(form, { ...problem, errors: [] });
  if (form.dataset.then) return location.assign(new URL(form.dataset.then, location.origin));
  removal.close();
  await showTokens();
}

async function showTokens() {
  const reply = await fetch(`${location.origin}/accounts/tokens/list`).catch(() => null);
  if (!reply?.ok) return showConnection(Boolean(reply));
  const list = document.createElement("template");
  list.innerHTML = await reply.text(); // ours: the server has escaped what people wrote
  document.getElementById("tokens").replaceWith(list.content);
  return showConnection(true);
}

async function copy() {
  const secret = document.getElementById("secret");
  secret.select();
  try {
    await navigator.clipboard.writeText(secret.value);
    document.getElementById("copied").textContent = "Copied.";
  } catch {
    document.getElementById("copied").textContent = "It is selected: copy it with Ctrl+C."; // not over plain http
  }
}

account?.addEventListener("submit", (event) => {
  event.preventDefault();
  saveAccount(event.submitter);
});
token?.addEventListener("submit", (event) => {
  event.preventDefault();
  makeToken(event.submitter);
});
made?.addEventListener("close", () => (document.getElementById("secret").value = ""));
document.getElementById("copy")?.addEventListener("click", copy);
removal?.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  remove(event.target, event.submitter);
});
document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("button[data-revoke]");
  if (!button) return;
  const form = removal.querySelector("form");
  clearProblems(form);
  form.dataset.remove = button.dataset.revoke;
  form.querySelector("[data-name]").textContent = button.dataset.name;
  removal.showModal();
});
