// Keeps the first page true: asks for the state of all cameras every two seconds and copies the words into place.
import { watchFaces } from "/static/faces.js";
import { showConnection } from "/static/shell.js";
import { watchPreviews } from "/static/previews.js";

// Not relative: addresses with a password in them, as typed by some people, cannot be fetched.
const STATUS_URL = `${location.origin}/api/v1/status`;
const EVERY_MS = 2000;
const PATIENCE_MS = 8000;

const root = document.getElementById("cameras");

function put(place, text) {
  if (place && place.textContent !== text) place.textContent = text;
}

// What makes the page another page: reload it then, instead of building the same thing twice.
function shapeOf(overview) {
  const cameras = overview.cameras.map(({ status, processors }) => [
    status.camera_id,
    status.time_zone,
    processors.map((one) => [one.processor_id, one.name, one.preview_url, one.output_hls, one.validation_url]),
  ]);
  return JSON.stringify(cameras);
}

function showProcessor(section, processor) {
  const tile = section.querySelector(`[data-processor="${processor.processor_id}"]`);
  if (!tile) return;
  tile.dataset.current = String(processor.is_current);
  put(tile.querySelector('[data-field="value"]'), processor.value_text);
  put(tile.querySelector('[data-field="caption"]'), processor.caption);
}

function showCamera({ status, coverage_text, processors }) {
  const section = root.querySelector(`[data-camera="${status.camera_id}"]`);
  if (!section) return;
  section.dataset.mood = status.mood;
  for (const [field, text] of Object.entries({ ...status, coverage: coverage_text })) {
    if (["name", "text", "detail", "coverage"].includes(field)) {
      put(section.querySelector(`[data-field="${field}"]`), text);
    }
  }
  processors.forEach((processor) => showProcessor(section, processor));
}

let shape = null;

async function refresh() {
  try {
    const reply = await fetch(STATUS_URL, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!reply.ok) throw new Error(reply.statusText);
    const overview = await reply.json();
    const seen = shapeOf(overview);
    if (shape !== null && shape !== seen) return location.reload();
    const drawn = root.querySelectorAll("[data-camera]").length;
    if (drawn !== overview.cameras.length) return location.reload();
    shape = seen;
    overview.cameras.forEach(showCamera);
    showConnection(true);
  } catch {
    showConnection(false);
  }
}

async function keepRefreshing() {
  if (!document.hidden) await refresh();
  setTimeout(keepRefreshing, EVERY_MS);
}

watchPreviews(root);
watchFaces(root);
keepRefreshing();
document.addEventListener("visibilitychange", () => document.hidden || refresh());
