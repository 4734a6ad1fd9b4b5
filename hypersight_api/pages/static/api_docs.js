// The API's description: finding a call, opening the one the address names, and trying it.
import { csrfHeaders, signInAgain } from "/static/shell.js";

const MOST_SHOWN = 200_000; // characters; more makes a page slow
const calls = [...document.querySelectorAll("[data-group] .call")];
const found = document.getElementById("found");

document.getElementById("find").addEventListener("input", ({ target }) => {
  const wanted = target.value.trim().toLowerCase();
  for (const call of calls) call.hidden = !call.querySelector("summary").textContent.toLowerCase().includes(wanted);
  for (const group of document.querySelectorAll("[data-group]")) group.hidden = !group.querySelector(".call:not([hidden])");
  const left = calls.filter((call) => !call.hidden).length;
  found.textContent = wanted ? `${left} of ${calls.length} calls` : "";
});

function openNamed() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named?.matches("details")) named.open = true;
  named?.scrollIntoView();
}
addEventListener("hashchange", openNamed);
openNamed();

for (const form of document.querySelectorAll("form[data-path]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}

/** The address a form asks for; what is left empty is left out. */
function addressOf(form) {
  const inputs = [...form.querySelectorAll("[data-in]")].filter((input) => input.value.trim() !== "");
  const placed = (place) => inputs.filter((input) => input.dataset.in === place);
  let path = form.dataset.path;
  for (const { name, value } of placed("path")) path = path.replace(`{${name}}`, encodeURIComponent(value.trim()));
  const address = new URL(path, location.origin);
  for (const { name, value } of placed("query")) address.searchParams.set(name, value.trim());
  return address;
}

async function send(form) {
  const address = addressOf(form);
  const { method } = form.dataset;
  const body = form.elements.body?.value;
  const headers = { ...csrfHeaders(), ...(body === undefined ? {} : { "Content-Type": "application/json" }) };
  const place = form.querySelector(".answer");
  const button = form.querySelector("button");
  place.hidden = false;
  button.disabled = true;
  place.replaceChildren("Waiting for the answer …");
  const beganMs = performance.now();
  try {
    const reply = await fetch(address, { method, headers, body });
    if (reply.status === 401) signInAgain();
    const content = await reply.blob();
    const tookMs = Math.round(performance.now() - beganMs);
    place.replaceChildren(
      line(`${reply.status} ${reply.statusText} after ${tookMs} ms`, "strong"),
      line(`${method} ${address.pathname}${address.search}`, "code", "address"),
      ...(await shown(content, address)),
    );
  } catch {
    place.replaceChildren("The server does not answer. Try again.");
  } finally {
    button.disabled = false;
  }
}

function line(text, tag, name = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = name;
  return element;
}

/** An answer as people can look at it: JSON indented, pictures as such, other files to keep. */
async function shown(content, address) {
  if (content.size === 0) return [];
  if (content.type.startsWith("image/")) {
    const picture = new Image();
    picture.alt = "The picture that was answered";
    picture.src = URL.createObjectURL(content);
    picture.addEventListener("load", () => URL.revokeObjectURL(picture.src));
    return [picture];
  }
  if (!/json|text|csv|mpegurl/.test(content.type)) return [keeping(content, address)];
  const text = indented(await content.text());
  const block = line(text.slice(0, MOST_SHOWN), "pre");
  block.tabIndex = 0;
  return text.length > MOST_SHOWN ? [block, keeping(content, address)] : [block];
}

function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function keeping(content, address) {
  const link = line(`Save all ${content.size.toLocaleString("en")} bytes`, "a");
  link.href = URL.createObjectURL(content);
  link.download = address.pathname.split("/").pop();
  return link;
}
