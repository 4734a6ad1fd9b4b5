// Plane geometry of zones, in coordinates of the frame: x and y from 0 to 1, y down. Knows nothing of pages.
// Which shapes are refused, and why, is what hypersight_core/domain/zones.py says; a test compares the two.
const MIN_AREA = 1e-6;
const LEAST_AREA = 2e-4;
const LEAST_LENGTH = 0.01;
const MAX_CORNERS = 200;

/** Area of a polygon; positive when its corners go clockwise on the picture. */
export function signedArea(corners) {
  return 0.5 * edgesOf(corners).reduce((sum, [[x1, y1], [x2, y2]]) => sum + x1 * y2 - x2 * y1, 0);
}

export function edgesOf(corners) {
  return corners.map((corner, index) => [corner, corners[(index + 1) % corners.length]]);
}

/** Why a shape cannot be a zone, as `{fault, message, places}`; null when it can. */
export function faultOf(corners) {
  if (corners.length < 2 || corners.length > MAX_CORNERS) {
    return refusal("corners", "A zone needs 3 points or more, a line exactly 2", corners);
  }
  const outside = corners.filter((point) => !point.every((value) => value >= 0 && value <= 1));
  if (outside.length) return refusal("outside", "A point lies outside the picture", outside);
  const repeated = corners.filter((point, index) => corners.slice(0, index).some((other) => isSame(point, other)));
  if (repeated.length) return refusal("repeated", "Two points are the same", repeated.slice(0, 1));
  return corners.length === 2 ? faultOfLine(corners) : faultOfPolygon(corners);
}

function faultOfLine([a, b]) {
  const isShort = Math.hypot(a[0] - b[0], a[1] - b[1]) < LEAST_LENGTH;
  return isShort ? refusal("tiny", "The line is too short to be crossed: draw it longer", [a, b]) : null;
}

function faultOfPolygon(corners) {
  const isFlat = corners.slice(2).every((corner) => turn(corners[0], corners[1], corner) === 0);
  const crossing = isFlat ? null : firstCrossing(corners);
  if (crossing) {
    const [i, j] = crossing;
    const edges = edgesOf(corners);
    return refusal("crossing", `Edges ${i + 1} and ${j + 1} cross or touch`, [...edges[i], ...edges[j]]);
  }
  const area = Math.abs(signedArea(corners));
  if (area < MIN_AREA) return refusal("tiny", "The zone encloses no area", corners);
  if (area < LEAST_AREA) return refusal("tiny", "The zone is too small for anybody to be in it: draw it larger", corners);
  return null;
}

function refusal(fault, message, places) {
  return { fault, message, places };
}

/** Indices of the first two edges of a polygon that cross or touch; null when it is simple. */
export function firstCrossing(corners) {
  const edges = edgesOf(corners);
  for (let i = 0; i < edges.length; i += 1) {
    for (let j = i + 1; j < edges.length; j += 1) if (overlap(edges[i], edges[j])) return [i, j];
  }
  return null;
}

function overlap([a, b], [c, d]) {
  if (b === c) return isFolded(a, b, d);
  if (a === d) return isFolded(c, d, b);
  return isTouching(a, b, c, d);
}

function turn(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

function isFolded(a, b, c) {
  const backwards = (a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1]) > 0;
  return turn(a, b, c) === 0 && backwards;
}

function isTouching(a, b, c, d) {
  const turns = [turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)];
  if (turns[0] * turns[1] < 0 && turns[2] * turns[3] < 0) return true;
  const ends = [[a, b, c], [a, b, d], [c, d, a], [c, d, b]];
  return ends.some((end, index) => turns[index] === 0 && isBetween(...end));
}

function isBetween(a, b, point) {
  return [0, 1].every((axis) => Math.min(a[axis], b[axis]) <= point[axis] && point[axis] <= Math.max(a[axis], b[axis]));
}

export function isSame(a, b) {
  return a[0] === b[0] && a[1] === b[1];
}

/** Brings a point into the picture, at a ten-thousandth of it: finer than a pixel, and readable. */
export function settled([x, y]) {
  return [x, y].map((value) => Math.round(Math.min(1, Math.max(0, value)) * 1e4) / 1e4);
}

/** Where a line leads in: the middle of it, and the unit vector to its right (y down), true on the picture. */
export function inSide([a, b], aspect) {
  const [dx, dy] = [(b[0] - a[0]) * aspect, b[1] - a[1]];
  const length = Math.hypot(dx, dy) || 1;
  return { middle: middleOf(a, b), towards: [-dy / length, dx / length] };
}

export function middleOf(a, b) {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

/** The nearest spot of an edge, and how far it is, in frame heights. */
export function nearestOnEdge(point, [a, b], aspect) {
  const scaled = ([x, y]) => [x * aspect, y];
  const [p, s, e] = [point, a, b].map(scaled);
  const [dx, dy] = [e[0] - s[0], e[1] - s[1]];
  const squared = dx * dx + dy * dy;
  const share = squared ? Math.min(1, Math.max(0, ((p[0] - s[0]) * dx + (p[1] - s[1]) * dy) / squared)) : 0;
  const spot = [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
  return { spot, distance: distance(point, spot, aspect), share };
}

/** Distance of two points in frame heights. */
export function distance(a, b, aspect) {
  return Math.hypot((a[0] - b[0]) * aspect, a[1] - b[1]);
}

/** Moves a point to the nearest corner, edge or border of the frame within `radius` frame heights, corners first. */
export function snapped(point, shapes, aspect, radius) {
  const [x, y] = point;
  const near = (candidates) =>
    candidates
      .map((spot) => ({ spot, gap: distance(point, spot, aspect) }))
      .filter(({ gap }) => gap <= radius)
      .sort((one, other) => one.gap - other.gap)[0]?.spot;
  const frame = [[0, 0], [1, 0], [1, 1], [0, 1]];
  const corner = near([...shapes.flat(), ...frame]);
  if (corner) return { point: corner, kind: "point" };
  const edge = near(shapes.flatMap(openEdges).map((one) => nearestOnEdge(point, one, aspect).spot));
  if (edge) return { point: settled(edge), kind: "edge" };
  const border = near([[0, y], [1, y], [x, 0], [x, 1]]);
  return border ? { point: settled(border), kind: "border" } : { point: settled(point), kind: "" };
}

function openEdges(corners) {
  return corners.length > 2 ? edgesOf(corners) : edgesOf(corners).slice(0, corners.length - 1);
}

/** In words, which side of a line is in. */
export function inWords(corners, aspect) {
  const [x, y] = inSide(corners, aspect).towards;
  if (Math.abs(x) > Math.abs(y)) return x > 0 ? "in is to the right" : "in is to the left";
  return y > 0 ? "in is downwards" : "in is upwards";
}

/** A point as people read it. */
export function named([x, y]) {
  return `${x.toFixed(3)}, ${y.toFixed(3)}`;
}

/** The middle of some places. */
export function centre(places) {
  const sum = places.reduce(([x, y], place) => [x + place[0], y + place[1]], [0, 0]);
  return sum.map((value) => value / (places.length || 1));
}

/** A zone's corners but one, as nothing snaps to itself. */
export function withoutCorner(corners, corner) {
  return corners.filter((_, index) => index !== corner);
}
