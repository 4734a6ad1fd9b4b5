// Draws series of the API: gaps in coverage are hatched and never zeros, the week before is a dashed line.
const HEIGHT = 270;
const SEEN_ENOUGH = 0.98; // less of a bucket watched than this is hatched
const HATCH_PX = 8;
const LINE_PX = 2;
const LONE_PX = 4;
const YEARS_S = 300 * 86400; // from here on dates name their year
const probe = document.createElement("span");

function colour(name) {
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function middle({ start_at, stop_at }) {
  return (Date.parse(start_at) + Date.parse(stop_at)) / 2000;
}

function isKnown({ coverage, traffic, traffic_out }) {
  return coverage.watched_s > 0 || traffic > 0 || traffic_out > 0;
}

// The same bucket of the week before; where clocks changed between, the one that is nearest.
function alongside(buckets, before, value) {
  if (!before) return null;
  return buckets.map((_, index) => {
    const one = before.buckets[Math.min(index, before.buckets.length - 1)];
    return one && isKnown(one) ? value(one) : null;
  });
}

function hatch(context, from, to, top, bottom, share) {
  context.save();
  context.beginPath();
  context.rect(from, top, Math.max(to - from, 1), bottom - top);
  context.clip();
  context.globalAlpha = 0.25 + 0.55 * (1 - share);
  context.strokeStyle = colour("edge");
  context.lineWidth = 1;
  context.beginPath();
  // Lines go on from one bucket into the next, however narrow they are.
  for (let x = Math.floor((from - (bottom - top)) / HATCH_PX) * HATCH_PX; x < to; x += HATCH_PX) {
    context.moveTo(x, bottom);
    context.lineTo(x + bottom - top, top);
  }
  context.stroke();
  context.restore();
}

function ends(plot, { start_at, stop_at }) {
  return [start_at, stop_at].map((at) => plot.valToPos(Date.parse(at) / 1000, "x", true));
}

function hatchGaps(buckets) {
  return (plot) => {
    const { top, height } = plot.bbox;
    for (const bucket of buckets) {
      if (bucket.coverage.share >= SEEN_ENOUGH) continue;
      hatch(plot.ctx, ...ends(plot, bucket), top, top + height, bucket.coverage.share);
    }
  };
}

// A bucket between unknown ones makes no line: its least to most and its mean, over its own width.
function drawLone(buckets, band) {
  const isKnown = (index) => buckets[index]?.mean != null;
  return (plot) => {
    for (const [index, bucket] of buckets.entries()) {
      if (!isKnown(index) || isKnown(index - 1) || isKnown(index + 1)) continue;
      const [start, to] = ends(plot, bucket);
      const from = Math.min(start, to - LONE_PX * devicePixelRatio); // the newest has only begun
      const [most, mean, least] = [bucket.max, bucket.mean, bucket.min].map((value) => plot.valToPos(value, "y", true));
      const thick = LINE_PX * devicePixelRatio;
      plot.ctx.fillStyle = band;
      plot.ctx.fillRect(from, most, to - from, least - most);
      plot.ctx.fillStyle = colour("in");
      plot.ctx.fillRect(from, Math.round(mean - thick / 2), to - from, thick);
    }
  };
}

function axis(more) {
  return {
    stroke: colour("quiet"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: colour("line"), width: 1 },
    ticks: { stroke: colour("line"), width: 1 },
    ...more,
  };
}

function said(digits) {
  const form = new Intl.NumberFormat("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (_, value) => (value == null ? "–" : form.format(value));
}

function dashed(label, digits) {
  const step = uPlot.paths.linear();
  return { label, stroke: colour("before"), dash: [6, 4], width: 1.5, paths: step, points: { show: false }, value: said(digits) };
}

function traffic(series, before) {
  const { buckets } = series;
  const known = (value) => buckets.map((one) => (isKnown(one) ? value(one) : null));
  const columns = [known((one) => one.traffic), known((one) => one.traffic_out)];
  const bars = (align) => uPlot.paths.bars({ size: [0.38, 40, 1], align });
  const lines = [
    { label: "Came in", stroke: colour("in"), fill: colour("in"), width: 0, paths: bars(-1), points: { show: false }, value: said(0) },
    { label: "Went out", stroke: colour("out"), fill: colour("out"), width: 0, paths: bars(1), points: { show: false }, value: said(0) },
  ];
  const earlier = alongside(buckets, before, (one) => one.traffic);
  if (earlier) {
    columns.push(earlier);
    lines.push(dashed("Came in, a week before", 0));
  }
  return { columns, lines, bands: [], draw: [] };
}

function people(series, before) {
  const { buckets } = series;
  const columns = ["max", "min", "mean"].map((name) => buckets.map((one) => one[name]));
  const edge = { stroke: "transparent", width: 0, points: { show: false }, value: said(0) };
  const band = colour("in").replace(/^rgb\((.*)\)$/, "rgb($1 / 22%)").replaceAll(",", " ");
  const lines = [
    { ...edge, label: "At most" },
    { ...edge, label: "At least" },
    { label: "On average", stroke: colour("in"), width: LINE_PX, points: { show: buckets.length < 60, size: 5 }, value: said(1) },
  ];
  const earlier = alongside(buckets, before, (one) => one.mean);
  if (earlier) {
    columns.push(earlier);
    lines.push(dashed("On average, a week before", 1));
  }
  return { columns, lines, bands: [{ series: [1, 2], fill: band }], draw: [drawLone(buckets, band)] };
}

const KINDS = { traffic, people };

function highest(columns) {
  return Math.max(1, ...columns.flat().filter((value) => value != null)) * 1.08;
}

function options(place, series, { lines, bands, columns, draw }, zone, select) {
  const { buckets } = series;
  const span = [Date.parse(buckets[0].start_at) / 1000, Date.parse(buckets.at(-1).stop_at) / 1000];
  const short = new Intl.NumberFormat("en-GB", { notation: "compact" });
  const whole = (_, values) => values.map((value) => (Number.isInteger(value) ? short.format(value) : ""));
  return {
    width: Math.max(place.clientWidth, 240),
    height: HEIGHT,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone),
    scales: { x: { time: true, range: () => span }, y: { range: () => [0, highest(columns)] } },
    axes: [axis({ space: 78, values: times(zone, span[1] - span[0]) }), axis({ size: 44, values: whole })],
    series: [{ label: "Time", value: (_, at) => (at == null ? "–" : instant(zone, span[1] - span[0]).format(at * 1000)) }, ...lines],
    bands,
    legend: { live: true },
    cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
    hooks: {
      drawClear: [hatchGaps(buckets)],
      draw,
      setSelect: [
        (plot) => {
          if (plot.select.width < 6) return;
          const at = (left) => new Date(plot.posToVal(left, "x") * 1000).toISOString();
          select(at(plot.select.left), at(plot.select.left + plot.select.width));
        },
      ],
    },
  };
}

const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const day = { day: "numeric", month: "short" };

function yearOf(length_s) {
  return length_s > YEARS_S ? { year: "numeric" } : {};
}

function instant(zone, length_s) {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, weekday: "short", ...day, ...yearOf(length_s), ...clock });
}

// The clock under each mark, the day under the first one of it; days alone where marks are days apart.
function times(zone, length_s) {
  const [hours, days] = [clock, { ...day, ...yearOf(length_s) }].map((parts) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...parts }));
  return (_, marks) => {
    let last = "";
    return marks.map((at) => {
      const date = days.format(at * 1000);
      const isNew = date !== last;
      last = date;
      if (length_s > 5 * 86400) return isNew ? date : "";
      return isNew ? `${hours.format(at * 1000)}\n${date}` : hours.format(at * 1000);
    });
  };
}

function note(series) {
  const missing = series.buckets.filter(({ coverage }) => coverage.share < SEEN_ENOUGH).length;
  const hint = "Drag over the chart to choose an interval.";
  return missing ? `Hatched: not, or not all of it, watched. ${hint}` : hint;
}

async function answer(url) {
  const reply = await fetch(new URL(url, location.origin), { headers: { accept: "application/json" } });
  if (!reply.ok) throw new Error((await reply.json().catch(() => ({}))).detail ?? reply.statusText);
  return reply.json();
}

/** Draws one chart; `select(start, stop)` is called with the interval somebody drags over. */
export async function drawChart(figure, zone, select) {
  const place = figure.querySelector(".plot");
  const words = figure.querySelector(".chart-note");
  if (!window.uPlot) {
    words.textContent = "The chart needs a library that the set-up fetches: run make setup";
    return null;
  }
  try {
    const urls = [figure.dataset.series, figure.dataset.before].filter(Boolean);
    const [series, before] = await Promise.all(urls.map(answer));
    if (!series.buckets.length) return null;
    const draw = () => {
      const made = KINDS[figure.dataset.kind](series, before?.buckets.some(isKnown) ? before : null);
      const plot = new uPlot(options(place, series, made, zone, select), [series.buckets.map(middle), ...made.columns]);
      place.replaceChildren(plot.root);
      return plot;
    };
    words.textContent = note(series);
    return keepDrawn(place, draw);
  } catch (error) {
    words.textContent = `The chart could not be drawn: ${error.message}`;
    return null;
  }
}

// Draws anew in other colours, and in another width.
function keepDrawn(place, draw) {
  let plot = draw();
  const anew = () => {
    plot.destroy();
    plot = draw();
  };
  const observer = new ResizeObserver(() => {
    if (place.clientWidth && Math.abs(place.clientWidth - plot.width) > 1) plot.setSize({ width: place.clientWidth, height: HEIGHT });
  });
  observer.observe(place);
  document.addEventListener("themechange", anew);
  return () => {
    observer.disconnect();
    document.removeEventListener("themechange", anew);
    plot.destroy();
  };
}
