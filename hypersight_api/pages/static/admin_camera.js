// The form of a camera: tests its connection, and saves it through the API.
import { ask, clearProblems, ownErrors, sentence, showProblem, valuesOf, whileBusy } from "/static/admin_forms.js";
import { followEffect } from "/static/admin_effect.js";

const form = document.getElementById("camera");
const report = document.getElementById("report");
const effect = document.getElementById("effect");
const { camera } = form.dataset;

function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function fact(name, value) {
  const row = element("div");
  row.append(element("dt", name), element("dd", value));
  return row;
}

function showWorking(found) {
  const picture = element("img", "", {
    src: found.snapshot_url, alt: "What the camera sees now", width: found.width_px, height: found.height_px,
  });
  const facts = element("dl", "", { class: "facts-list" });
  facts.append(
    fact("Size", `${found.width_px} × ${found.height_px} pixels`),
    fact("Codec", found.codec.toUpperCase()),
    fact("Frames a second", found.fps === null ? "not told" : String(found.fps)),
    fact("Time from", found.clock_text),
    fact("Took", `${found.took_s.toFixed(1)} s`),
  );
  report.dataset.mood = "good";
  report.replaceChildren(element("p", "The connection works.", { class: "report-title" }), picture, facts);
}

function showFailing(found) {
  report.dataset.mood = "bad";
  report.replaceChildren(
    element("p", "This stream cannot be watched.", { class: "report-title" }),
    element("p", sentence(found.advice)),
    element("p", sentence(found.detail), { class: "note small address" }),
  );
}

async function test() {
  clearProblems(form);
  report.hidden = false;
  report.dataset.mood = "busy";
  report.replaceChildren(element("p", "Asking the camera for a picture, for ten seconds at most …"));
  const { stream_url, http_headers, blur_persons } = valuesOf(form);
  const asked = { stream_url, http_headers, blur_persons, ...(camera ? { camera_id: Number(camera) } : {}) };
  const { ok, value, problem } = await ask("POST", "/api/v1/cameras/test-connection", asked);
  report.hidden = !ok;
  if (!ok) showProblem(form, problem);
  else if (value.can_be_watched) showWorking(value);
  else showFailing(value);
}

async function save(button) {
  const errors = ownErrors(form);
  if (errors.length) return showProblem(form, { detail: "", errors });
  clearProblems(form);
  const path = camera ? `/api/v1/cameras/${camera}` : "/api/v1/cameras";
  const { ok, value, problem } = await whileBusy(button, "Saving …", () => ask(camera ? "PATCH" : "POST", path, valuesOf(form)));
  if (!ok) return showProblem(form, problem);
  if (!camera) return location.assign(`${location.origin}/admin/cameras/${value.camera_id}`);
  document.querySelector("h1").textContent = value.name;
  form.elements.stream_url.value = value.stream_url;
  form.elements.http_headers.value = Object.entries(value.http_headers).map((pair) => pair.join(": ")).join("\n");
  return followEffect(effect);
}

document.getElementById("test").addEventListener("click", (event) => whileBusy(event.currentTarget, "Testing …", test));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  save(event.submitter);
});
