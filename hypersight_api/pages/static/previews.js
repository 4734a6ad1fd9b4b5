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
    this.video.addEventListener("playing", () => this.say(""));
    this.video.addEventListener("loadeddata", () => this.say(mayMove ? "" : "Press play"));
  }

  say(text) {
    this.place.classList.toggle("is-playing", text === "" || text === "Press play");
    this.note.textContent = text;
    this.note.hidden = text === "";
  }

  start() {
    if (this.hls) return;
    clearTimeout(this.again);
    this.hls = new this.Hls(LIVE);
    this.hls.on(this.Hls.Events.ERROR, (_, error) => error.fatal && this.restart());
    this.hls.on(this.Hls.Events.MANIFEST_PARSED, () => mayMove && this.video.play().catch(() => this.say("Press play")));
    this.hls.loadSource(this.place.dataset.playlist);
    this.hls.attachMedia(this.video);
  }

  stop() {
    clearTimeout(this.again);
    this.hls?.destroy();
    this.hls = null;
  }

  restart() {
    this.stop();
    this.say("No preview now: it plays while the camera is watched");
    this.again = setTimeout(() => this.start(), RETRY_MS);
  }
}

export async function watchPreviews(root) {
  const places = [...root.querySelectorAll("[data-playlist]")];
  if (!places.length || !root.dataset.hls) return;
  const { default: Hls } = await import(root.dataset.hls);
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
  if (!video.canPlayType("application/vnd.apple.mpegurl")) return;
  video.src = place.dataset.playlist;
  video.autoplay = mayMove;
  place.classList.add("is-playing");
  place.querySelector(".preview-note").hidden = true;
}
