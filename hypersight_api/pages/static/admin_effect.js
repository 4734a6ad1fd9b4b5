// Says when a change takes effect: the version that is wanted, and the one the watcher works by.
const EVERY_MS = 1000;
const FOR_MS = 180000;

/** Follows a camera's status until its watcher works by what is wanted now. */
export function followEffect(place) {
  const token = {};
  place.following = token;
  const until = Date.now() + FOR_MS;
  const look = async () => {
    if (place.following !== token) return;
    const isDone = await show(place);
    if (!isDone && Date.now() < until) setTimeout(look, EVERY_MS);
  };
  return look();
}

async function show(place) {
  const { camera, processor } = place.dataset;
  let status;
  try {
    const reply = await fetch(`${location.origin}/api/v1/cameras/${camera}/status`);
    if (!reply.ok) throw new Error(reply.statusText);
    status = await reply.json();
  } catch {
    say(place, "busy", "Saved. Whether it is in use the server cannot say now");
    return false;
  }
  const { isDone, mood, text } = judged(status, processor);
  say(place, mood, text);
  return isDone;
}

function judged(status, processor) {
  if (!status.watching) {
    // A camera that was just switched on, or got its first processor, is watched within seconds.
    const isSettled = ["switched_off", "nothing_to_do"].includes(status.state);
    return { isDone: isSettled, mood: isSettled ? "idle" : "busy", text: `Saved; takes effect when the camera is watched. ${status.text}` };
  }
  const wanted = versionOf(status.wanted_config, processor);
  const running = versionOf(status.config, processor);
  if (!status.is_edit_waiting && status.config) {
    return { isDone: true, mood: "good", text: wanted === null ? "In use: switched off" : `In use: version ${wanted}` };
  }
  const now = running === null ? "not yet in use" : `the watcher still works by version ${running}`;
  const next = wanted === null ? "it is switched off" : `version ${wanted} takes effect`;
  return { isDone: false, mood: "busy", text: `Saved; ${now}, ${next} at its next segment, within seconds` };
}

function versionOf(config, processor) {
  if (!config) return null;
  return processor ? (config.processors[processor] ?? null) : config.camera;
}

function say(place, mood, text) {
  place.parentElement.dataset.mood = mood;
  if (place.dataset.said === text) return;
  place.dataset.said = text;
  const dot = document.createElement("span");
  dot.className = "dot";
  dot.ariaHidden = "true";
  place.replaceChildren(dot, document.createTextNode(text));
}
