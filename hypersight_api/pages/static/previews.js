// Plays the annotated previews that are on the screen, and only those.
const RETRY_MS = 5000;
const LIVE = { enableWorker: false, liveSyncDurationCount: 2, maxBufferLength: 20, backBufferLength: 10 };
const mayMove = !matchMedia("(prefers-reduced-motion: reduce)").matches;

class Preview {
  constructor(place, Hls) {
    this.place = place;
    this.Hls = Hls;
    this.video = place.querySelector("video");
    this.note = place.querySelector(".preview-note");
    this.video.addEventListener("playing", () => this.hls && this.say(""));
    this.video.addEventListener("loadeddata", () => this.hls && this.say(mayMove ? "" : "Press play"));
    this.video.addEventListener("waiting", () => this.hls && this.say("Waiting for the next pictures", this.video.readyState >= 2));
  }

  say(text, isPictureThere = text === "" || text === "Press play") {
    this.place.classList.toggle("is-playing", isPictureThere);
    this.note.textContent = text;
    this.note.hidden = text === "";
  }

  start() {
    if (this.hls) return;
    clearTimeout(this.again);
    this.hls = new this.Hls(LIVE);
    this.hls.on(this.Hls.Events.ERROR, (_, error) => error.fatal && this.restart());
    this.hls.on(this.Hls.Events.MANIFEST_PARSED, () => mayMove && this.video.play().catch(() => this.hls && this.say("Press play")));
    this.hls.loadSource(this.place.dataset.playlist);
    this.hls.attachMedia(this.video);
  }

  stop(why = "The preview starts in a moment") {
    clearTimeout(this.again);
    this.hls?.destroy();
    this.hls = null;
    this.say(why);
  }

  restart() {
    this.stop("No preview now: it plays while the camera is watched");
    this.again = setTimeout(() => this.start(), RETRY_MS);
  }
}

export async function watchPreviews(root) {
  const places = [...root.querySelectorAll("[data-playlist]")];
  if (!places.length || !root.dataset.hls) return;
  const Hls = await libraryAt(root.dataset.hls);
  if (!Hls) {
    for (const place of places) place.querySelector(".preview-note").textContent = "The player could not be loaded; reload this page";
    return;
  }
  if (!Hls.isSupported()) {
    places.forEach(playNatively);
    return;
  }
  const previews = new Map(places.map((place) => [place, new Preview(place, Hls)]));
  const onScreen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const preview = previews.get(target);
      if (isIntersecting) preview.start();
      else preview.stop();
    }
  });
  places.forEach((place) => onScreen.observe(place));
}

function playNatively(place) {
  const video = place.querySelector("video");
  const note = place.querySelector(".preview-note");
  if (!video.canPlayType("application/vnd.apple.mpegurl")) {
    note.textContent = "This browser cannot play the preview";
    return;
  }
  video.autoplay = mayMove;
  video.addEventListener("loadeddata", () => {
    place.classList.add("is-playing");
    note.hidden = true;
  });
  video.addEventListener("error", () => {
    place.classList.remove("is-playing");
    note.textContent = "No preview now: it plays while the camera is watched";
    note.hidden = false;
    setTimeout(() => video.load(), RETRY_MS);
  });
  video.preload = "auto";
  video.src = place.dataset.playlist;
}

async function libraryAt(url) {
  try {
    return (await import(url)).default;
  } catch {
    return null;
  }
}
