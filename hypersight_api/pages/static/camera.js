// One camera: previews that play while they are seen, and an interval that is chosen without leaving the page.
import { drawChart } from "/static/charts.js";
import { showConnection } from "/static/shell.js";
import { watchPreviews } from "/static/previews.js";

const GROWS_EVERY_MS = 30000;
let undraw = [];
let isBusy = false;

const part = () => document.getElementById("interval");

function choose(start, stop) {
  const page = new URL(part().dataset.page, location.origin);
  page.search = new URLSearchParams({ start, stop });
  show(page);
}

async function draw() {
  undraw.forEach((undo) => undo());
  const { zone } = part().dataset;
  const charts = [...part().querySelectorAll(".chart")];
  undraw = (await Promise.all(charts.map((figure) => drawChart(figure, zone, choose)))).filter(Boolean);
}

async function show(url, { isNew = true } = {}) {
  if (isBusy) return;
  isBusy = true;
  part().setAttribute("aria-busy", "true");
  try {
    const reply = await fetch(url);
    showConnection(reply.status < 500);
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const found = page.getElementById("interval");
    // What is no interval (a time that means nothing) is a page of its own that says why.
    if (!found) return location.assign(url);
    const focused = document.activeElement?.closest?.("#interval") ? document.activeElement.textContent : "";
    part().replaceWith(document.adoptNode(found));
    if (isNew) history.pushState(null, "", url);
    if (focused) [...part().querySelectorAll("a, button")].find((one) => one.textContent === focused)?.focus({ preventScroll: true });
    await draw();
  } catch {
    showConnection(false);
  } finally {
    isBusy = false;
    part().removeAttribute("aria-busy");
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("#interval a");
  const isOurs = link && !link.hasAttribute("download") && link.pathname === location.pathname;
  if (!isOurs || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(new URL(link.href));
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("#interval form")) return;
  event.preventDefault();
  const { start, stop } = event.target.elements;
  choose(start.value, stop.value);
});
addEventListener("popstate", () => show(new URL(location.href), { isNew: false }));

setInterval(() => {
  const isQuiet = !document.hidden && !part().matches(":hover, :focus-within");
  if (part().dataset.grows === "true" && isQuiet) show(new URL(part().dataset.page, location.origin), { isNew: false });
}, GROWS_EVERY_MS);

const previews = document.getElementById("previews");
if (previews) watchPreviews(previews);
draw();
