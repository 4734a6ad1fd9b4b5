// What all pages share: the theme switch, and saying so when the server does not answer.
const root = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const button = document.getElementById("theme");
const connection = document.getElementById("connection");
let lastAnswerAt = new Date();

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : systemIsDark.matches;
}

function nameTheme() {
  button.hidden = false;
  button.textContent = isDark() ? "Light" : "Dark";
  button.setAttribute("aria-label", isDark() ? "Use light colours" : "Use dark colours");
}

function announce() {
  nameTheme();
  document.dispatchEvent(new Event("themechange")); // canvases draw themselves anew
}

button.addEventListener("click", () => {
  const wanted = isDark() ? "light" : "dark";
  // What the system wants needs no choice of one's own.
  if ((wanted === "dark") === systemIsDark.matches) {
    delete root.dataset.theme;
    localStorage.removeItem("theme");
  } else {
    root.dataset.theme = wanted;
    localStorage.setItem("theme", wanted);
  }
  announce();
});
systemIsDark.addEventListener("change", announce);
nameTheme();

/** Says whether the server answers; pages that ask by themselves call this, htmx's questions are heard anyway. */
export function showConnection(isThere) {
  if (isThere) lastAnswerAt = new Date();
  connection.hidden = isThere;
  const text = `The server does not answer; what you see is from ${lastAnswerAt.toLocaleTimeString()}.`;
  if (!isThere && connection.textContent !== text) connection.textContent = text;
}

/** Headers that writes need where somebody signed in; the cookie holds what the session's own cookie does. */
export function csrfHeaders() {
  const token = document.cookie.match(/(?:^|; )hypersight_csrf=([^;]*)/)?.[1];
  return token ? { "X-CSRF-Token": token } : {};
}

/** Sends somebody whose session ended to sign in again, and back here. */
export function signInAgain() {
  location.assign(`${location.origin}/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

document.getElementById("sign-out").hidden = !csrfHeaders()["X-CSRF-Token"];

document.addEventListener("htmx:config:request", (event) => {
  const { request } = event.detail.ctx;
  Object.assign(request.headers, csrfHeaders());
  // Not relative: pages whose address holds a password, as some people type it, can fetch nothing relative.
  request.action = new URL(request.action, location.origin).href;
});
document.addEventListener("htmx:before:request", (event) => {
  // Nobody looks: what is asked for every few seconds can wait.
  if (document.hidden && event.detail.ctx.sourceEvent?.type === "every") event.preventDefault();
});
document.addEventListener("htmx:after:request", ({ detail }) => {
  if (detail.ctx.response.status === 401) signInAgain();
  showConnection(detail.ctx.response.status < 500);
});
document.addEventListener("htmx:error", ({ detail }) => {
  if (detail.ctx && !detail.ctx.response) showConnection(false);
});
