// The zones being edited: always ones that can be saved, with all they were before. Knows nothing of pages.
import { edgesOf, faultOf, middleOf, settled } from "./zone_geometry.js";

const MOST_STEPS = 200;
const MOST_ZONES = 100;

export class ZoneModel {
  constructor(zones) {
    this.zones = zones.map(({ name, corners }) => ({ name, corners: corners.map((corner) => [...corner]) }));
    this.past = [];
    this.future = [];
    this.lastKey = "";
    this.listeners = [];
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  get canUndo() {
    return this.past.length > 0;
  }

  get canRedo() {
    return this.future.length > 0;
  }

  /**
   * Takes the zones over if all of them can be used; returns why not, with the zone's index, or null.
   * Steps with the same `key`, one after the other, are taken back as one.
   */
  replace(zones, key = "") {
    if (zones.length > MOST_ZONES) return { zone: MOST_ZONES, fault: "form", message: `At most ${MOST_ZONES} zones`, places: [] };
    for (const [zone, { corners }] of zones.entries()) {
      const fault = faultOf(corners);
      if (fault) return { zone, ...fault };
    }
    if (!key || key !== this.lastKey) this.past.push(this.zones);
    if (this.past.length > MOST_STEPS) this.past.shift();
    this.future = [];
    this.lastKey = key;
    this.show(zones);
    return null;
  }

  undo() {
    if (!this.canUndo) return false;
    this.future.push(this.zones);
    this.lastKey = "";
    this.show(this.past.pop());
    return true;
  }

  redo() {
    if (!this.canRedo) return false;
    this.past.push(this.zones);
    this.lastKey = "";
    this.show(this.future.pop());
    return true;
  }

  show(zones) {
    this.zones = zones;
    this.listeners.forEach((listener) => listener());
  }

  add(corners, name = "") {
    return this.replace([...this.zones, { name, corners: corners.map(settled) }]);
  }

  remove(zone) {
    return this.replace(this.zones.filter((_, index) => index !== zone));
  }

  rename(zone, name) {
    return this.replace(this.with(zone, { name }));
  }

  move(zone, corner, point, key = "") {
    const corners = this.zones[zone].corners.map((old, index) => (index === corner ? settled(point) : old));
    return this.replace(this.with(zone, { corners }), key);
  }

  /** Puts a new corner into the middle of the edge after `corner`, or where `point` says. */
  insert(zone, corner, point = null) {
    const { corners } = this.zones[zone];
    const [from, to] = edgesOf(corners)[corner];
    const fresh = settled(point ?? middleOf(from, to));
    return this.reshape(zone, [...corners.slice(0, corner + 1), fresh, ...corners.slice(corner + 1)]);
  }

  /** Takes a corner away; the whole zone when fewer than three, or of a line two, would be left. */
  removeCorner(zone, corner) {
    const { corners } = this.zones[zone];
    if (corners.length <= 3) return this.remove(zone);
    return this.reshape(zone, corners.filter((_, index) => index !== corner));
  }

  /** Turns a line round: what was in is out. */
  turn(zone) {
    return this.reshape(zone, [...this.zones[zone].corners].reverse());
  }

  reshape(zone, corners) {
    return this.replace(this.with(zone, { corners }));
  }

  with(zone, change) {
    return this.zones.map((old, index) => (index === zone ? { ...old, ...change } : old));
  }

  /** The string form of the field, without names. */
  get text() {
    return JSON.stringify(this.zones.map(({ corners }) => corners));
  }

  /** Reads either form; zones keep their names by their place where the text has none. Returns why not, or null. */
  read(text) {
    let value;
    try {
      value = text.trim() ? JSON.parse(text) : [];
    } catch {
      return unreadable("This is no JSON. Example: [[[0.1, 0.2], [0.9, 0.2], [0.5, 0.8]]]");
    }
    if (!Array.isArray(value)) return unreadable("Zones are a list: [[[x, y], …], …]");
    const zones = value.map((one, index) => readZone(one, this.zones[index]?.name ?? ""));
    const bad = zones.findIndex((zone) => zone === null);
    if (bad >= 0) return { ...unreadable(`Zone ${bad + 1} is no list of points [x, y]`), zone: bad };
    return JSON.stringify(zones) === JSON.stringify(this.zones) ? null : this.replace(zones);
  }
}

function unreadable(message) {
  return { zone: -1, fault: "form", message, places: [] };
}

function readZone(value, name) {
  const isNamed = value !== null && typeof value === "object" && !Array.isArray(value);
  const corners = isNamed ? value.corners : value;
  const isPoint = (point) => Array.isArray(point) && point.length === 2 && point.every((number) => typeof number === "number");
  if (!Array.isArray(corners) || !corners.every(isPoint)) return null;
  const first = corners[0];
  const last = corners[corners.length - 1];
  const isClosed = corners.length > 3 && first[0] === last[0] && first[1] === last[1];
  return { name: isNamed ? String(value.name ?? name) : name, corners: isClosed ? corners.slice(0, -1) : corners };
}
