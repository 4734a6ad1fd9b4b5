// Shows faces as they come over the websocket and forgets them: no storage, and pictures are given back to the browser.
const SHOWN = 48;
const GONE_AFTER_MS = 60000;
const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 15000;

const wall = document.getElementById("wall");
const list = wall?.querySelector(".wall");
const names = JSON.parse(wall?.dataset.names ?? "{}");
const zones = JSON.parse(wall?.dataset.zones ?? "{}");

function say(text, mood) {
  wall.dataset.mood = mood;
  const place = document.querySelector("#wall-state span:last-child");
  if (place.textContent !== text) place.textContent = text;
}

function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function forget(item) {
  URL.revokeObjectURL(item.querySelector("img").src);
  item.remove();
}

function clock(stamp, zone) {
  const at = new Date(`${stamp.replace(" ", "T").slice(0, 23)}Z`);
  return at.toLocaleTimeString("en-GB", { timeZone: zone ?? "UTC" });
}

function line(text) {
  const made = document.createElement("p");
  made.textContent = text;
  return made;
}

function show(face, message) {
  const camera = names[message.camera_id] ?? `Camera ${message.camera_id}`;
  const at = clock(message.frame_ts, zones[message.camera_id]);
  const item = document.createElement("li");
  const picture = document.createElement("img");
  picture.src = URL.createObjectURL(new Blob([bytes(face.img)], { type: "image/jpeg" }));
  picture.alt = `Face in view of ${camera} at ${at}`;
  item.append(picture, line(camera), line(`${at} · ${Math.round(face.conf * 100)} %`));
  list.prepend(item);
  while (list.children.length > SHOWN) forget(list.lastElementChild);
  setTimeout(() => item.isConnected && forget(item), GONE_AFTER_MS);
}

function listen(wait = FIRST_WAIT_MS) {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/faces`);
  let next = Math.min(wait * 2, MAX_WAIT_MS);
  socket.onopen = () => socket.send("client");
  socket.onmessage = ({ data }) => {
    next = FIRST_WAIT_MS;
    if (data === "OK") return say("Live", "good");
    const message = JSON.parse(data);
    if (!document.hidden) message.faces.forEach((face) => show(face, message));
  };
  socket.onclose = () => {
    say("No connection: trying again", "bad");
    setTimeout(() => listen(next), wait);
  };
}

if (wall) listen();
// The browser may keep a page it left: without its faces.
addEventListener("pagehide", () => [...(list?.children ?? [])].forEach(forget));
