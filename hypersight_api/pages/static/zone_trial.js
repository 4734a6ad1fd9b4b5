// Tries zones on the last minutes: what they would have counted, where, and when.
import { ask, sentence } from "/static/admin_forms.js";

const [LISTED, MARKED] = [12, 120];
const [IN, OUT] = [["enter", "cross_in"], ["exit", "cross_out"]];
const WORDS = { enter: "in", cross_in: "in", exit: "out", cross_out: "out" };

function made(name, text = "", attributes = {}) {
  const element = document.createElement(name);
  element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Asks the server, shows the answer at `place`, and marks the passages on the editor's picture. */
export async function tryZones(place, editor, camera, timeZone, asked) {
  place.replaceChildren(made("p", "Counting …"));
  const { ok, value, problem } = await ask("POST", `/api/v1/cameras/${camera}/try-zones`, asked);
  if (!ok) return place.replaceChildren(made("p", sentence(problem.detail), { class: "field-problem" }));
  const passages = value.sightings.filter(({ kind }) => WORDS[kind]);
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone, timeStyle: "medium" });
  const zoneName = (index) => asked.zones[index]?.name || `${asked.zones[index]?.corners.length === 2 ? "Line" : "Zone"} ${index + 1}`;
  const told = ({ ts, kind, zone }) => `${clock.format(new Date(ts))} ${WORDS[kind]}, ${zoneName(zone)}`;
  editor.marks = passages
    .filter((one) => one.place)
    .slice(-MARKED)
    .map((one) => ({ place: one.place, isIn: IN.includes(one.kind) }));
  editor.draw();
  const parts = [made("p", sentence(value.text), { class: "trial-text" })];
  if (value.has_data) parts.push(made("p", `From ${clock.format(new Date(value.start))} to ${clock.format(new Date(value.stop))}, ${value.frames} frames.`, { class: "note small" }));
  if (passages.length) parts.push(table(passages, asked.zones, zoneName), list(passages, told));
  return place.replaceChildren(...parts);
}

function table(passages, zones, zoneName) {
  const count = (zone, kinds) =>
    passages.filter((one) => one.zone === zone && kinds.includes(one.kind)).reduce((sum, one) => sum + one.value, 0);
  const found = made("table");
  const head = made("tr");
  head.append(made("th", "Zone", { scope: "col" }), made("th", "In", { scope: "col", class: "right" }), made("th", "Out", { scope: "col", class: "right" }));
  const rows = zones.map((_, zone) => {
    const row = made("tr");
    row.append(made("th", zoneName(zone), { scope: "row" }));
    row.append(made("td", String(count(zone, IN)), { class: "right" }), made("td", String(count(zone, OUT)), { class: "right" }));
    return row;
  });
  const body = made("tbody");
  body.append(...rows);
  const top = made("thead");
  top.append(head);
  found.append(top, body);
  return found;
}

function list(passages, told) {
  const newest = passages.slice(-LISTED).reverse();
  const box = made("div", "", { class: "trial-times" });
  const items = made("ul");
  items.append(...newest.map((one) => made("li", told(one), { class: IN.includes(one.kind) ? "is-in" : "is-out" })));
  box.append(made("h3", passages.length > LISTED ? `The newest ${LISTED} of ${passages.length}` : "Each of them"), items);
  return box;
}
