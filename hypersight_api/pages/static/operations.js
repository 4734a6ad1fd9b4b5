// Restart, stop and start, through the same calls of the API that anybody may make.
import { csrfHeaders } from "/static/shell.js";

const done = document.getElementById("done");
const ACTS = {
  restart: { path: "/restart", method: "POST", said: (name) => `The watcher of ${name} ends after its segment; a new one follows within seconds.` },
  stop: { path: "", method: "PATCH", body: { enabled: false }, ask: (name) => `Stop watching ${name}? Nothing is counted there until you start it again.`, said: (name) => `${name} is switched off; its watcher ends after its segment.` },
  start: { path: "", method: "PATCH", body: { enabled: true }, said: (name) => `${name} is switched on; a watcher starts within seconds.` },
};

async function act(button) {
  const { act: which, camera, name } = button.dataset;
  const { path, method, body, ask, said } = ACTS[which];
  if (ask && !confirm(ask(name))) return;
  button.disabled = true;
  try {
    const reply = await fetch(`${location.origin}/api/v1/cameras/${camera}${path}`, {
      method,
      headers: { ...csrfHeaders(), ...(body && { "content-type": "application/json" }) },
      body: body && JSON.stringify(body),
    });
    done.textContent = reply.ok ? said(name) : `That did not work: ${(await reply.json()).detail}`;
  } catch {
    done.textContent = "That did not work: the server does not answer.";
  }
  button.disabled = false;
  document.body.dispatchEvent(new Event("changed"));
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest?.("button[data-act]");
  if (button) act(button);
});
