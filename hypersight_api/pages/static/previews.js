// Plays the annotated previews that are on the screen, and only those: the server makes some of them for us.
const RETRY_MS = 5000;
const LIVE = {
  enableWorker: false,
  liveSyncDurationCount: 2,
  maxBufferLength: 20,
  backBufferLength: 10,
  // A preview that begins takes the server some seconds; it then says 503 and is asked again.
  manifestLoadPolicy: {
    default: {
      maxTimeToFirstByteMs: 20000,
      maxLoadTimeMs: 25000,
      timeoutRetry: { maxNumRetry: 1, retryDelayMs: 0, maxRetryDelayMs: 0 },
      errorRetry: { maxNumRetry: 1, retryDelayMs: 2000, maxRetryDelayMs: 2000 },
    },
  },
};
const BEGINS = "The preview starts in a moment";
const NONE_NOW = "No preview now: it plays while the camera is watched";
const mayMove = !matchMedia("(prefers-reduced-motion: reduce)").matches;

class Preview {
  constructor(place) {
    this.place = place;
    this.video = place.querySelector("video");
    this.note = place.querySelector(".preview-note");
    this.isOn = false;
    this.video.addEventListener("playing", () => this.isOn && this.say(""));
    this.video.addEventListener("loadeddata", () => this.isOn && this.say(mayMove ? "" : "Press play"));
    this.video.addEventListener("waiting", () => this.isOn && this.say("Waiting for the next pictures", this.video.readyState >= 2));
  }

  say(text, isPictureThere = text === "" || text === "Press play") {
    this.place.classList.toggle("is-playing", isPictureThere);
    this.note.textContent = text;
    this.note.hidden = text === "";
  }

  start() {
    if (this.isOn) return;
    clearTimeout(this.again);
    this.isOn = true;
    this.attach();
  }

  stop(why = BEGINS) {
    clearTimeout(this.again);
    this.isOn = false;
    this.detach();
    this.say(why);
  }

  restart() {
    this.stop(NONE_NOW);
    this.again = setTimeout(() => this.start(), RETRY_MS);
  }

  play() {
    if (mayMove) this.video.play().catch(() => this.isOn && this.say("Press play"));
  }
}

class LibraryPreview extends Preview {
  constructor(place, Hls) {
    super(place);
    this.Hls = Hls;
  }

  attach() {
    this.hls = new this.Hls(LIVE);
    this.hls.on(this.Hls.Events.ERROR, (_, error) => error.fatal && this.restart());
    this.hls.on(this.Hls.Events.MANIFEST_PARSED, () => this.play());
    this.hls.loadSource(this.place.dataset.playlist);
    this.hls.attachMedia(this.video);
  }

  detach() {
    this.hls?.destroy();
    this.hls = null;
  }
}

class NativePreview extends Preview {
  constructor(place) {
    super(place);
    this.video.addEventListener("error", () => this.isOn && this.restart());
  }

  attach() {
    this.video.preload = "auto";
    this.video.src = this.place.dataset.playlist;
    this.play();
  }

  detach() {
    this.video.removeAttribute("src");
    this.video.load();
  }
}

export async function watchPreviews(root) {
  const places = [...root.querySelectorAll("[data-playlist]")];
  if (!places.length || !root.dataset.hls) return;
  const make = await makerFor(root, places);
  if (!make) return;
  const previews = new Map(places.map((place) => [place, make(place)]));
  const onScreen = new Set();
  const follow = (preview) => (onScreen.has(preview) && !document.hidden ? preview.start() : preview.stop());
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const preview = previews.get(target);
      if (isIntersecting) onScreen.add(preview);
      else onScreen.delete(preview);
      follow(preview);
    }
  });
  places.forEach((place) => observer.observe(place));
  document.addEventListener("visibilitychange", () => [...previews.values()].forEach(follow));
  root.querySelectorAll(".preview-switch").forEach(listen);
}

// A preview that is folded away is not on the screen, so it begins and ends with this.
function listen(button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const isShown = button.parentElement.classList.toggle("is-shown");
    button.setAttribute("aria-expanded", String(isShown));
    button.textContent = isShown ? "Hide the picture" : "Show the picture";
  });
}

async function makerFor(root, places) {
  const Hls = await libraryAt(root.dataset.hls);
  if (Hls?.isSupported()) return (place) => new LibraryPreview(place, Hls);
  const canPlay = places[0].querySelector("video").canPlayType("application/vnd.apple.mpegurl");
  if (Hls && canPlay) return (place) => new NativePreview(place);
  const why = Hls ? "This browser cannot play the preview" : "The player could not be loaded; reload this page";
  for (const place of places) place.querySelector(".preview-note").textContent = why;
  return null;
}

async function libraryAt(url) {
  try {
    return (await import(url)).default;
  } catch {
    return null;
  }
}
