// The form of a processor: its zones on a picture of now, a trial of them, and saving through the API.
import { ask, clearProblems, ownErrors, showProblem, valuesOf, whileBusy } from "/static/admin_forms.js";
import { followEffect } from "/static/admin_effect.js";
import { ZoneEditor } from "/static/zone_editor.js";
import { ZoneList } from "/static/zone_list.js";
import { ZoneModel } from "/static/zone_model.js";
import { tryZones } from "/static/zone_trial.js";
import { csrfHeaders } from "/static/shell.js";

const WHAT = {
  traffic: "Draw zones people walk into, or lines they cross; at least one",
  objects: "Draw zones to count persons in; none means the whole picture",
  faces: "Draw zones to look for faces in; none means the whole picture",
};
const LINES_ONLY_FOR = "traffic";

const form = document.getElementById("processor");
const effect = document.getElementById("effect");
const place = document.getElementById("editor");
const text = document.getElementById("zones");
const { camera, processor, timeZone } = form.dataset;
const model = new ZoneModel(JSON.parse(place.dataset.zones));
const editor = build();

function html(markup) {
  const template = document.createElement("template");
  template.innerHTML = markup;
  return template.content;
}

// The markup is fixed text; names and coordinates are put in as text, never as markup.
function build() {
  place.append(html(`
    <div class="tools" role="toolbar" aria-label="Zone tools" aria-controls="stage">
      <span class="tool-group"><button type="button" data-mode="select" aria-pressed="true">Select</button><button type="button" data-mode="polygon" aria-pressed="false">Draw zone</button><button type="button" data-mode="line" aria-pressed="false">Draw line</button></span>
      <span class="tool-group"><button type="button" data-tool="undo">Undo</button><button type="button" data-tool="redo">Redo</button></span>
      <span class="tool-group"><button type="button" data-tool="out" aria-label="Zoom out">−</button><button type="button" data-tool="in" aria-label="Zoom in">+</button><button type="button" data-tool="fit">Fit</button></span>
      <span class="tool-group drawing" hidden><button type="button" data-tool="finish" class="primary">Close zone</button><button type="button" data-tool="cancel">Cancel</button></span>
      <label class="check snap"><input type="checkbox" checked>Snap</label>
    </div>
    <p class="note small how" id="how"></p>
    <div class="stage" id="stage">
      <svg tabindex="0" role="application" aria-label="Zones on the picture" aria-describedby="how" data-mode="select"></svg>
    </div>
    <p class="picture-bar"><span class="note small" id="picture-note" role="status"></span><button type="button" class="quiet" data-tool="picture">New picture</button></p>
    <ol class="zone-list" aria-label="Zones"></ol>
    <p class="unseen" role="status" id="said"></p>`));
  const said = place.querySelector("#said");
  return new ZoneEditor(place.querySelector("svg"), model, {
    say: (words) => (said.textContent = words),
    onMode: (mode, how) => showMode(mode, how),
  });
}

const list = new ZoneList(place.querySelector(".zone-list"), editor);

function showMode(mode, how) {
  const keys = document.createElement("span");
  keys.className = "keys";
  keys.textContent = how[1];
  place.querySelector("#how").replaceChildren(`${how[0]} `, keys);
  for (const button of place.querySelectorAll("[data-mode][aria-pressed]")) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
  place.querySelector(".drawing").hidden = mode === "select";
  place.querySelector('[data-tool="finish"]').hidden = mode !== "polygon";
  list?.showSelected();
}

const TOOLS = {
  undo: () => editor.undo(),
  redo: () => editor.redo(),
  in: () => editor.view.zoom(1.5),
  out: () => editor.view.zoom(1 / 1.5),
  fit: () => editor.view.fit(),
  finish: () => editor.finish(),
  cancel: () => editor.cancel(),
  picture: () => takePicture(),
};

function showChange() {
  place.querySelector('[data-tool="undo"]').disabled = !model.canUndo;
  place.querySelector('[data-tool="redo"]').disabled = !model.canRedo;
  if (document.activeElement !== text) text.value = model.text;
  document.getElementById("problem-zones").hidden = true;
}

function readText() {
  const problem = model.read(text.value);
  const told = document.getElementById("problem-text");
  told.hidden = !problem;
  text.toggleAttribute("aria-invalid", false);
  if (!problem) return;
  text.setAttribute("aria-invalid", "true");
  const which = problem.zone >= 0 ? `Zone ${problem.zone + 1}: ` : "";
  told.textContent = `${which}${problem.message}. The picture shows the zones as they were.`;
  if (problem.places.length) editor.refuse(problem);
}

async function takePicture() {
  const note = place.querySelector("#picture-note");
  note.textContent = "Taking a picture …";
  let reply = null;
  try {
    reply = await fetch(`${location.origin}/api/v1/cameras/${camera}/snapshot.jpg?last=true`, { headers: csrfHeaders() });
  } catch {
    // said below
  }
  if (!reply?.ok) {
    note.textContent = "The camera does not answer, and there is no earlier picture. Zones can be drawn all the same.";
    return;
  }
  const url = URL.createObjectURL(await reply.blob());
  const picture = new Image();
  picture.src = url;
  await picture.decode();
  const former = editor.view.image.getAttribute("href");
  editor.view.setPicture(url, picture.naturalWidth / picture.naturalHeight);
  if (former) URL.revokeObjectURL(former);
  note.textContent = ageOf(Number(reply.headers.get("x-picture-age-s")), reply.headers.get("x-picture") === "last");
  list.draw();
}

function ageOf(seconds, isLast) {
  const taken = new Intl.DateTimeFormat("en-GB", { timeZone, timeStyle: "medium" }).format(new Date(Date.now() - seconds * 1000));
  return isLast ? `The camera does not answer: this is its last picture, of ${taken}.` : `Picture of ${taken}.`;
}

function showKind() {
  const kind = form.elements.kind.value;
  document.getElementById("zones-what").textContent = WHAT[kind] ?? "";
  form.querySelector('[data-only="faces"]').hidden = kind !== "faces";
  form.querySelector("[data-trial]").hidden = !form.dataset.canTry.split(" ").includes(kind);
  place.querySelector('[data-mode="line"]').hidden = kind !== LINES_ONLY_FOR;
}

function values() {
  return { ...valuesOf(form), zones: model.zones };
}

async function save(button) {
  const errors = ownErrors(form);
  if (errors.length) return showProblem(form, { detail: "", errors });
  clearProblems(form);
  const path = processor ? `/api/v1/processors/${processor}` : `/api/v1/cameras/${camera}/processors`;
  const { ok, value, problem } = await whileBusy(button, "Saving …", () => ask(processor ? "PATCH" : "POST", path, values()));
  if (!ok) return showProblem(form, problem);
  if (!processor) return location.assign(`${location.origin}/admin/processors/${value.processor_id}?saved=true`);
  return followEffect(effect);
}

async function tryNow(button) {
  const { threshold, anchor } = values();
  const asked = { kind: form.elements.kind.value, threshold, anchor, zones: model.zones };
  await whileBusy(button, "Trying …", () => tryZones(document.getElementById("trial"), editor, camera, timeZone, asked));
}

place.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (button?.dataset.mode) {
    editor.setMode(button.dataset.mode);
    if (button.dataset.mode !== "select") editor.root.focus({ preventScroll: true });
  }
  TOOLS[button?.dataset.tool]?.();
});
place.querySelector(".snap input").addEventListener("change", ({ target }) => (editor.isSnapping = target.checked));
// Enter in a zone's name means the name, not the whole form.
place.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
  event.preventDefault();
  event.target.blur();
});
text.addEventListener("input", readText);
text.addEventListener("blur", () => {
  text.value = model.text;
  text.removeAttribute("aria-invalid");
  document.getElementById("problem-text").hidden = true;
});
document.getElementById("try").addEventListener("click", ({ currentTarget }) => tryNow(currentTarget));
form.elements.kind.addEventListener("change", showKind);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  save(event.submitter);
});
model.onChange(showChange);

editor.setMode("select");
showKind();
showChange();
takePicture();
if ("saved" in effect.dataset) followEffect(effect);
