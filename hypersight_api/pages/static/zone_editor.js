// Draws and edits zones with mouse, finger and keyboard. What it changes goes through the model, which refuses bad shapes.
import { centre, distance, faultOf, named, settled, snapped, withoutCorner } from "/static/zone_geometry.js";
import { listenToKeys } from "/static/zone_keys.js";
import { ZoneView } from "/static/zone_view.js";

const [SNAP_PX, CLICK_PX, CLOSE_PX] = [9, 6, 14];
const REFUSAL_MS = 8000;
const HOW = {
  select: ["Drag points, zones, or the small dots between points to add one.", "With the keyboard: Tab to a point, arrows move it, Delete removes it."],
  polygon: ["Click the corners, then the first one again.", "With the keyboard: arrows, Space sets a point, Enter closes, Escape cancels."],
  line: ["Click where it begins and ends, or drag. The arrow shows which way counts as in.", "With the keyboard: arrows, and Space for both ends."],
};

export class ZoneEditor {
  /** `root` is the SVG element; `say` is called with words for people, `onMode` with the tool in hand. */
  constructor(root, model, { say, onMode }) {
    Object.assign(this, { root, model, say, onMode, mode: "select", selected: null, points: null, cursor: null });
    Object.assign(this, { isSnapping: true, marks: [], pointers: new Map(), drag: null, refused: null });
    this.view = new ZoneView(root);
    this.view.onResize = () => this.draw();
    model.onChange(() => this.changed());
    for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
      root.addEventListener(kind, (event) => this[kind](event));
    }
    root.addEventListener("dblclick", () => this.finish());
    root.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    listenToKeys(this);
    root.addEventListener("focusin", (event) => this.focused(event.target));
  }

  changed() {
    this.marks = [];
    const zone = this.model.zones[this.selected?.zone];
    if (!zone) this.selected = null;
    else if (this.selected.corner >= zone.corners.length) this.selected.corner = null;
    this.draw();
  }

  draw() {
    const zones = this.model.zones.map((zone, index) => (this.drag?.zone === index && this.drag.corners ? { ...zone, ...this.drag } : zone));
    const draft = this.points ? { points: this.points, cursor: this.cursor } : null;
    const refused = this.drag?.fault ? { ...this.drag.fault, at: this.drag.at } : this.refused;
    this.view.draw({
      zones, draft, refused, selected: this.selected, ring: this.ring, marks: this.marks, isDrawing: this.points !== null,
    });
  }

  // --- tools

  setMode(mode) {
    this.mode = mode;
    this.points = mode === "select" ? null : [];
    Object.assign(this, { cursor: null, ring: null, drag: null, refused: null });
    if (mode !== "select") this.selected = null;
    this.root.dataset.mode = mode;
    this.onMode(mode, HOW[mode]);
    this.draw();
  }

  cancel() {
    const wasDrawing = this.points !== null;
    this.setMode("select");
    if (wasDrawing) this.say("Drawing cancelled");
  }

  place(point) {
    if (this.points.length && distance(point, this.points.at(-1), this.view.aspect) < this.view.heights(2)) return;
    this.refused = null;
    this.points.push(point);
    this.say(`Point ${this.points.length} set at ${named(point)}`);
    if (this.mode === "line" && this.points.length === 2) this.finish();
    else this.draw();
  }

  takeBackPoint() {
    this.points.pop();
    this.refused = null;
    this.say(`${this.points.length} points left`);
    this.draw();
  }

  /** Closes what is being drawn; a shape that is refused stays, to be mended. */
  finish() {
    if (!this.points?.length) return;
    const isPolygon = this.mode === "polygon";
    if (isPolygon && this.points.length < 3) return this.refuse({ message: "A zone needs 3 points or more", places: this.points });
    const problem = this.model.add(this.points);
    if (problem) {
      if (!isPolygon) this.points = this.points.slice(0, 1);
      return this.refuse(problem);
    }
    this.setMode("select");
    this.select({ zone: this.model.zones.length - 1, corner: null });
    this.root.focus({ preventScroll: true });
    return this.say(isPolygon ? "Zone added" : "Line added");
  }

  refuse({ message, places }) {
    this.refused = { message, places, at: centre(places) };
    this.say(`Refused: ${message}`);
    clearTimeout(this.forgetting);
    this.forgetting = setTimeout(() => {
      this.refused = null;
      this.draw();
    }, REFUSAL_MS);
    this.draw();
  }

  select(selected) {
    this.selected = selected;
    this.draw();
    this.onMode(this.mode, HOW[this.mode]);
  }

  /** Does what `change` does to the model; shows why where it is refused. */
  try(change, done) {
    const problem = change(this.model);
    if (problem) this.refuse(problem);
    else {
      this.refused = null;
      this.say(done);
      this.draw();
    }
  }

  insertPoint() {
    const { zone, corner } = this.selected;
    const after = corner ?? 0;
    this.try((model) => model.insert(zone, after), "Point added");
    this.hold(zone, after + 1);
  }

  removePoint() {
    const { zone, corner } = this.selected;
    if (corner === null) return this.try((model) => model.remove(zone), "Zone deleted");
    const count = this.model.zones[zone].corners.length;
    this.try((model) => model.removeCorner(zone, corner), count > 3 ? "Point deleted" : "Zone deleted");
    if (count > 3 && !this.refused) this.hold(zone, Math.min(corner, count - 2));
    else this.root.focus({ preventScroll: true });
    return null;
  }

  hold(zone, corner) {
    if (!this.model.zones[zone]?.corners[corner]) return;
    this.select({ zone, corner });
    this.view.focus(`${zone}:${corner}`);
  }

  focused(target) {
    const { zone, corner } = target.closest(".handle")?.dataset ?? {};
    if (zone === undefined || this.drag) return;
    const isHeld = this.selected?.zone === Number(zone) && this.selected.corner === Number(corner);
    if (!isHeld) this.select({ zone: Number(zone), corner: Number(corner) });
  }

  // --- pointers

  snap(point, leaveOut = null) {
    if (!this.isSnapping) return settled(point);
    const shapes = this.model.zones.map(({ corners }, zone) => (zone === leaveOut?.zone ? withoutCorner(corners, leaveOut.corner) : corners));
    const found = snapped(point, [...shapes, ...(this.points?.length ? [this.points] : [])], this.view.aspect, this.view.heights(SNAP_PX));
    this.ring = found.kind ? found.point : null;
    return found.point;
  }

  pointerdown(event) {
    if (event.button > 1) return;
    this.pointers.set(event.pointerId, event);
    this.root.setPointerCapture(event.pointerId);
    if (this.pointers.size > 1) {
      this.drag = { kind: "pinch" };
      return this.draw();
    }
    event.preventDefault(); // no text is selected; the focus is set here
    const start = { x: event.clientX, y: event.clientY, from: this.view.pointOf(event), isMoved: false };
    this.drag = this.points || event.button === 1 ? { ...start, kind: this.points ? "draw" : "pan" } : { ...start, ...this.grasp(event.target) };
    if (this.drag.kind !== "point") this.root.focus({ preventScroll: true });
    return this.draw();
  }

  grasp(target) {
    const { zone, corner, after } = target.closest("[data-zone]")?.dataset ?? {};
    if (zone === undefined) {
      this.select(null);
      return { kind: "pan" };
    }
    const { corners } = this.model.zones[Number(zone)];
    if (corner !== undefined) {
      this.select({ zone: Number(zone), corner: Number(corner) });
      this.view.focus(`${zone}:${corner}`);
      return { kind: "point", zone: Number(zone), corner: Number(corner), before: corners };
    }
    if (after !== undefined) {
      const at = Number(after) + 1;
      return { kind: "point", zone: Number(zone), corner: at, before: [...corners.slice(0, at), [0, 0], ...corners.slice(at)], isNew: true };
    }
    this.select({ zone: Number(zone), corner: null });
    return { kind: "zone", zone: Number(zone), before: corners };
  }

  pointermove(event) {
    const before = this.pointers.get(event.pointerId);
    if (before) this.pointers.set(event.pointerId, event);
    if (this.drag?.kind === "pinch" && before) return this.pinch(before, event);
    if (this.points) {
      this.cursor = this.snap(this.view.pointOf(event));
      return this.draw();
    }
    if (!this.drag || !before) return null;
    if (Math.hypot(event.clientX - this.drag.x, event.clientY - this.drag.y) > CLICK_PX) this.drag.isMoved = true;
    if (!this.drag.isMoved) return null;
    if (this.drag.kind === "pan") return this.view.pan(event.clientX - before.clientX, event.clientY - before.clientY);
    return this.carry(this.view.pointOf(event));
  }

  /** Shows what the drag would make of the zone, and why it would be refused. */
  carry(point) {
    const { kind, zone, corner, before, from } = this.drag;
    if (kind === "point") {
      const to = this.snap(point, { zone, corner });
      this.drag.corners = before.map((old, index) => (index === corner ? to : old));
      this.drag.at = to;
    } else {
      const room = (axis) => [-Math.min(...before.map((one) => one[axis])), 1 - Math.max(...before.map((one) => one[axis]))];
      const [dx, dy] = [0, 1].map((axis) => Math.min(room(axis)[1], Math.max(room(axis)[0], point[axis] - from[axis])));
      this.drag.corners = before.map(([x, y]) => settled([x + dx, y + dy]));
      this.drag.at = point;
    }
    this.drag.fault = faultOf(this.drag.corners);
    this.draw();
  }

  pinch(before, event) {
    const other = [...this.pointers.values()].find((one) => one.pointerId !== event.pointerId);
    if (!other) return;
    const spread = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
    const centre = { clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 };
    this.view.zoom(spread(event) / spread(before), this.view.pointOf(centre));
    this.view.pan((event.clientX - before.clientX) / 2, (event.clientY - before.clientY) / 2);
  }

  pointerup(event) {
    const { drag } = this;
    this.pointers.delete(event.pointerId);
    if (drag?.kind === "pinch") {
      if (!this.pointers.size) this.drag = null;
      return;
    }
    this.drag = null;
    this.ring = null;
    if (drag?.kind === "draw") this.drawn(event, drag);
    else if (drag?.corners) this.dropped(drag);
    else if (drag?.isNew) {
      this.try((model) => model.insert(drag.zone, drag.corner - 1), "Point added");
      this.hold(drag.zone, drag.corner);
    } else this.draw();
  }

  pointercancel(event) {
    this.pointers.delete(event.pointerId);
    Object.assign(this, { drag: null, ring: null });
    this.draw();
  }

  dropped({ zone, corner, corners, kind }) {
    this.try((model) => model.reshape(zone, corners), kind === "point" ? `Point moved to ${named(corners[corner])}` : "Zone moved");
    if (kind === "point") this.hold(zone, corner);
  }

  drawn(event, drag) {
    const point = this.snap(this.view.pointOf(event));
    const isFar = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > CLICK_PX * 3;
    if (this.mode === "line" && !this.points.length && isFar) this.place(this.snap(drag.from));
    const first = this.points[0];
    const closes = this.mode === "polygon" && this.points.length >= 3 && distance(point, first, this.view.aspect) < this.view.heights(CLOSE_PX);
    this.ring = null;
    if (closes) this.finish();
    else this.place(point);
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
    event.preventDefault();
    this.view.zoom(Math.exp(-event.deltaY / 250), this.view.pointOf(event));
  }

  // --- what keys and buttons do

  /** Moves what is in hand: the crosshair, a point, or the picture. */
  nudge([dx, dy], step) {
    const [sx, sy] = [dx * step, dy * step * this.view.aspect];
    if (this.points) {
      const [x, y] = this.cursor ?? this.points.at(-1) ?? [0.5, 0.5];
      this.cursor = settled([x + sx * 2, y + sy * 2]);
      this.say(named(this.cursor));
      return this.draw();
    }
    const { zone, corner = null } = this.selected ?? {};
    if (corner === null) return this.view.pan(-dx * 40, -dy * 40);
    const [x, y] = this.model.zones[zone].corners[corner];
    const to = settled([x + sx, y + sy]);
    return this.try((model) => model.move(zone, corner, to, `keys ${zone}:${corner}`), `Point at ${named(to)}`);
  }

  letGo() {
    this.select(null);
    this.root.focus({ preventScroll: true });
  }

  undo() {
    if (this.points?.length) return this.takeBackPoint();
    return this.say(this.model.undo() ? "Taken back" : "Nothing to take back");
  }

  redo() {
    return this.say(this.model.redo() ? "Done again" : "Nothing to do again");
  }
}
