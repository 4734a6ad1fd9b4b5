// Shows faces as they come over the websocket and forgets them; nothing is kept.
const SHOWN = 6;
const GONE_AFTER_MS = 20000;
const MAX_WAIT_MS = 15000;

function show(list, face, at) {
  const item = document.createElement("li");
  const picture = document.createElement("img");
  picture.src = `data:image/jpeg;base64,${face.img}`;
  picture.alt = `Face in view at ${at.slice(11, 19)} UTC`;
  item.append(picture);
  list.prepend(item);
  while (list.children.length > SHOWN) list.lastElementChild.remove();
  setTimeout(() => item.remove(), GONE_AFTER_MS);
}

function take(root, message) {
  const list = root.querySelector(`[data-faces="${CSS.escape(message.camera_id)}"]`);
  if (list && !document.hidden) message.faces.forEach((face) => show(list, face, message.frame_ts));
}

export function watchFaces(root, wait = 500) {
  if (!root.querySelector("[data-faces]")) return;
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/faces`);
  let next = Math.min(wait * 2, MAX_WAIT_MS);
  socket.onopen = () => socket.send("client");
  socket.onmessage = ({ data }) => {
    next = 500;
    if (data !== "OK") take(root, JSON.parse(data));
  };
  socket.onclose = () => setTimeout(() => watchFaces(root, next), wait);
}
