// Draws zones over a picture as SVG. Knows what is shown, not what it means: the editor says so.
import { edgesOf, inSide, middleOf } from "/static/zone_geometry.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 1000;
const [POINT_PX, TARGET_PX, ADD_PX, ARROW_PX, MARK_PX] = [6.5, 17, 5, 26, 3.5];
const MOST_ZOOM = 12;

export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export class ZoneView {
  constructor(root) {
    this.root = root;
    this.aspect = 16 / 9;
    this.image = svg("image", { x: 0, y: 0, preserveAspectRatio: "none" });
    this.layer = svg("g");
    this.root.append(this.image, this.layer);
    this.fit();
    new ResizeObserver(() => this.onResize?.()).observe(root);
  }

  get width() {
    return HEIGHT * this.aspect;
  }

  /** Size of a pixel of the screen, in units of the drawing. */
  get unit() {
    return 1 / (this.root.getScreenCTM()?.a || 0.5);
  }

  /** A distance on the screen, in frame heights. */
  heights(pixels) {
    return (pixels * this.unit) / HEIGHT;
  }

  setPicture(url, aspect) {
    this.image.setAttribute("href", url);
    if (aspect !== this.aspect) this.aspect = aspect;
    this.fit();
  }

  fit() {
    this.setBox({ x: 0, y: 0, w: this.width, h: HEIGHT });
    for (const [key, value] of Object.entries({ width: this.width, height: HEIGHT })) this.image.setAttribute(key, value);
  }

  get isZoomed() {
    return this.box.w < this.width * 0.999;
  }

  /** Shows `factor` times as much detail; the spot `at` of the frame stays where it is. */
  zoom(factor, at = null) {
    const w = Math.min(this.width, Math.max(this.width / MOST_ZOOM, this.box.w / factor));
    const spot = at ? this.toView(at) : [this.box.x + this.box.w / 2, this.box.y + this.box.h / 2];
    const share = w / this.box.w;
    this.setBox({ x: spot[0] - (spot[0] - this.box.x) * share, y: spot[1] - (spot[1] - this.box.y) * share, w, h: w / this.aspect });
  }

  /** Moves what is shown by pixels of the screen. */
  pan(dx, dy) {
    this.setBox({ ...this.box, x: this.box.x - dx * this.unit, y: this.box.y - dy * this.unit });
  }

  setBox({ x, y, w, h }) {
    const inside = (value, most) => Math.min(Math.max(0, value), Math.max(0, most));
    this.box = { x: inside(x, this.width - w), y: inside(y, HEIGHT - h), w, h };
    this.root.setAttribute("viewBox", [this.box.x, this.box.y, this.box.w, this.box.h].join(" "));
    this.onResize?.();
  }

  toView([x, y]) {
    return [x * this.width, y * HEIGHT];
  }

  /** Where on the frame a pointer is. */
  pointOf({ clientX, clientY }) {
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(this.root.getScreenCTM().inverse());
    return [x / this.width, y / HEIGHT];
  }

  /** Draws everything anew, and gives the focus back to what had it. */
  draw({ zones, selected, draft, ring, refused, marks, isDrawing }) {
    const focused = document.activeElement?.dataset?.key;
    const hadFocus = this.layer.contains(document.activeElement);
    this.layer.replaceChildren(
      ...zones.map((zone, index) => this.zone(zone, index, selected)),
      ...marks.map((mark) => this.mark(mark)),
      ...(isDrawing ? [] : zones.map((zone, index) => this.handles(zone, index, selected))),
      ...this.draft(draft),
      ...(ring ? [this.circle(ring, POINT_PX * 1.9, "snap-ring")] : []),
      ...(refused ? [this.refusal(refused)] : []),
    );
    if (hadFocus && focused) this.focus(focused);
  }

  focus(key) {
    this.layer.querySelector(`[data-key="${key}"]`)?.focus({ preventScroll: true });
  }

  zone({ name, corners, fault }, index, selected) {
    const isSelected = selected?.zone === index;
    const isLine = corners.length === 2;
    const kind = `zone tint-${index % 6}${isSelected ? " is-selected" : ""}${fault ? " is-bad" : ""}${isLine ? " is-line" : ""}`;
    const outline = corners.map((corner) => this.toView(corner).join(",")).join(" ");
    const group = svg("g", { class: kind });
    if (isLine) group.append(svg("polyline", { points: outline, class: "target", "data-zone": index, "stroke-width": TARGET_PX * this.unit }));
    group.append(svg(isLine ? "polyline" : "polygon", { points: outline, class: "shape", "data-zone": index }));
    if (isLine) group.append(...this.arrow(corners));
    group.append(this.label(name || `${isLine ? "Line" : "Zone"} ${index + 1}`, corners));
    return group;
  }

  handles({ name, corners }, zone, selected) {
    const isSelected = selected?.zone === zone;
    const called = name || `${corners.length === 2 ? "Line" : "Zone"} ${zone + 1}`;
    const adds = corners.length > 2 && isSelected ? edgesOf(corners).map((edge, corner) => this.add(edge, zone, corner)) : [];
    const points = corners.map((corner, index) => this.handle(corner, zone, index, called, corners.length, selected));
    return svg("g", { class: `tint-${zone % 6}` }, ...adds, ...points);
  }

  handle(point, zone, corner, called, count, selected) {
    const [x, y] = point.map((value) => value.toFixed(3));
    const isHeld = selected?.zone === zone && selected.corner === corner;
    const group = svg("g", {
      class: `handle${isHeld ? " is-held" : ""}`, tabindex: 0, role: "button", "data-key": `${zone}:${corner}`,
      "data-zone": zone, "data-corner": corner, "aria-label": `${called}, point ${corner + 1} of ${count}, at ${x}, ${y}`,
    });
    group.append(this.circle(point, TARGET_PX, "target"), this.circle(point, isHeld ? POINT_PX * 1.3 : POINT_PX, "point"));
    return group;
  }

  add([from, to], zone, corner) {
    const spot = middleOf(from, to);
    const group = svg("g", { class: "add", "data-zone": zone, "data-after": corner });
    group.append(this.circle(spot, TARGET_PX * 0.8, "target"), this.circle(spot, ADD_PX, "point"));
    return group;
  }

  circle(point, radius, kind) {
    const [cx, cy] = this.toView(point);
    return svg("circle", { cx, cy, r: radius * this.unit, class: kind });
  }

  arrow(corners) {
    const { middle, towards } = inSide(corners, this.aspect);
    const [x, y] = this.toView(middle);
    const [dx, dy] = towards.map((value) => value * ARROW_PX * this.unit);
    const [hx, hy] = [-dy * 0.3, dx * 0.3];
    const head = [[x + dx * 1.35, y + dy * 1.35], [x + dx * 0.8 + hx, y + dy * 0.8 + hy], [x + dx * 0.8 - hx, y + dy * 0.8 - hy]];
    return [
      svg("line", { x1: x, y1: y, x2: x + dx, y2: y + dy, class: "arrow" }),
      svg("polygon", { points: head.map((spot) => spot.join(",")).join(" "), class: "arrow-head" }),
      this.text("in", [x + dx * 1.75, y + dy * 1.75], "arrow-word"),
    ];
  }

  label(text, corners) {
    const top = corners.reduce((best, corner) => (corner[1] < best[1] ? corner : best));
    const [x, y] = this.toView(top);
    const lift = y < 30 * this.unit ? 24 : -13;
    return this.text(text, [Math.min(Math.max(x, 12 * this.unit), this.width - 12 * this.unit), y + lift * this.unit], "zone-name");
  }

  text(text, [x, y], kind) {
    const anchor = x < this.width * 0.12 ? "start" : x > this.width * 0.88 ? "end" : "middle";
    return svg("text", { x, y, class: kind, "font-size": 14 * this.unit, "text-anchor": anchor, "dominant-baseline": "middle" }, text);
  }

  draft(draft) {
    if (!draft) return [];
    const points = draft.cursor ? [...draft.points, draft.cursor] : draft.points;
    const drawn = points.map((point) => this.toView(point).join(",")).join(" ");
    const parts = [svg("polyline", { points: drawn, class: "draft" })];
    parts.push(...draft.points.map((point, index) => this.circle(point, index === 0 ? POINT_PX * 1.4 : POINT_PX, "draft-point")));
    return draft.cursor ? [...parts, ...this.crosshair(draft.cursor)] : parts;
  }

  crosshair(point) {
    const [x, y] = this.toView(point);
    const arm = 11 * this.unit;
    return [
      svg("line", { x1: x - arm, y1: y, x2: x + arm, y2: y, class: "crosshair" }),
      svg("line", { x1: x, y1: y - arm, x2: x, y2: y + arm, class: "crosshair" }),
    ];
  }

  mark({ place, isIn }) {
    return svg("g", { class: isIn ? "mark is-in" : "mark is-out" }, this.circle(place, MARK_PX, "mark-point"));
  }

  /** Says at the spot why a shape is refused, and marks where. */
  refusal({ message, places, at }) {
    const group = svg("g", { class: "refusal" }, ...places.map((place) => this.circle(place, POINT_PX * 1.7, "refusal-spot")));
    if (places.length === 4) {
      for (const pair of [places.slice(0, 2), places.slice(2)]) {
        group.append(svg("polyline", { points: pair.map((place) => this.toView(place).join(",")).join(" "), class: "refusal-edge" }));
      }
    }
    const [x, y] = this.toView(at);
    const below = y < this.box.y + 50 * this.unit;
    const words = this.text(message, [x, y + (below ? 34 : -30) * this.unit], "refusal-words");
    const width = message.length * 7.3 * this.unit;
    const left = Math.min(Math.max(x, this.box.x + width / 2 + 8 * this.unit), this.box.x + this.box.w - width / 2 - 8 * this.unit);
    words.setAttribute("x", left);
    words.setAttribute("text-anchor", "middle");
    const height = 26 * this.unit;
    const plate = svg("rect", {
      x: left - width / 2 - 6 * this.unit, y: Number(words.getAttribute("y")) - height / 2, width: width + 12 * this.unit, height,
      rx: 6 * this.unit, class: "refusal-plate",
    });
    group.append(plate, words);
    return group;
  }
}
