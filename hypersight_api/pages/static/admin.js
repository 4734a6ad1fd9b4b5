// The list of cameras: its words follow what the cameras do.
import "/static/admin_forms.js";
import { showConnection, signInAgain } from "/static/shell.js";

const EVERY_MS = 3000;

async function refresh() {
  try {
    const reply = await fetch(`${location.origin}/api/v1/status`, { signal: AbortSignal.timeout(8000) });
    if (reply.status === 401) signInAgain();
    if (!reply.ok) throw new Error(reply.statusText);
    (await reply.json()).cameras.forEach(({ status }) => show(status));
    showConnection(true);
  } catch {
    showConnection(false);
  }
}

function show({ camera_id, mood, text }) {
  const card = document.querySelector(`[data-camera="${camera_id}"]`);
  if (!card) return;
  card.dataset.mood = mood;
  const words = card.querySelector(".state span:last-child");
  if (words.textContent !== text) words.textContent = text;
}

async function keepRefreshing() {
  if (!document.hidden) await refresh();
  setTimeout(keepRefreshing, EVERY_MS);
}

setTimeout(keepRefreshing, EVERY_MS);
