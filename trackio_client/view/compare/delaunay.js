// @ts-check
/**
 * Triangles between places of a plane, as even as they can be (Delaunay): no place lies in the circle around another's
 * triangle. A sweep from left to right fills the convex hull, then Lawson's flips even the triangles out. Places are
 * whole numbers, so that which side of a line one lies on is exact: the grids of a sweep, with many places on one line
 * and on one circle, are where rounded numbers go wrong.
 */

/** Steps of an axis: a 16-millionth is below every screen, and products of two differences stay exact. */
export const STEPS = 2 ** 24;
const SURE = 1e-12; // of a determinant's terms: above what rounding can make of it, so that each flip is a real gain

/** @typedef {{x: number, y: number}} Place whole numbers, 0 … STEPS */

/** Above 0 where c lies left of the way from a to b, 0 on it. @param {Place} a @param {Place} b @param {Place} c */
export const turn = (a, b, c) => (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);

/** Whether d lies within the circle through a, b and c, which turn left. @param {Place} a @param {Place} b @param {Place} c @param {Place} d */
function isInCircle(a, b, c, d) {
  const rows = [a, b, c].map(({ x, y }) => [x - d.x, y - d.y, (x - d.x) ** 2 + (y - d.y) ** 2]);
  let [sum, size] = [0, 0];
  for (let i = 0; i < 3; i++) {
    const [one, two, three] = [rows[i], rows[(i + 1) % 3], rows[(i + 2) % 3]];
    const [plus, minus] = [one[2] * two[0] * three[1], one[2] * two[1] * three[0]];
    sum += plus - minus;
    size += Math.abs(plus) + Math.abs(minus);
  }
  return sum > SURE * size;
}

/** @param {Place[]} places no two the same @returns {[number, number, number][]} numbers of places, each turning left; none
 *   where all lie on one line */
export function triangulated(places) {
  const corners = swept(places);
  const twins = twinsOf(corners, places.length);
  const waiting = Array.from(corners.keys());
  while (waiting.length) {
    const edge = /** @type {number} */ (waiting.pop());
    waiting.push(...flipped(edge, places, corners, twins));
  }
  return Array.from({ length: corners.length / 3 }, (_, i) => [corners[3 * i], corners[3 * i + 1], corners[3 * i + 2]]);
}

/** Any triangles that fill the hull: each place, in their order from left to right, with the edges of the hull that it sees.
 * @param {Place[]} places @returns {number[]} three corners a triangle */
function swept(places) {
  const order = places.map((_, i) => i).sort((a, b) => places[a].x - places[b].x || places[a].y - places[b].y);
  const side = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ c) => turn(places[a], places[b], places[c]);
  const first = order.findIndex((place) => side(order[0], order[1], place) !== 0);
  if (first < 0) return [];
  const line = order.slice(0, first);
  if (side(order[0], order[1], order[first]) < 0) line.reverse();
  let hull = [...line, order[first]];
  const corners = line.slice(1).flatMap((place, i) => [line[i], place, order[first]]);
  for (const place of order.slice(first + 1)) {
    const sees = hull.map((each, i) => side(each, hull[(i + 1) % hull.length], place) < 0);
    const from = sees.findIndex((yes, i) => yes && !sees[(i + sees.length - 1) % sees.length]);
    hull = [...hull.slice(from), ...hull.slice(0, from)]; // the edges that it sees come first
    const seen = sees.filter(Boolean).length;
    for (let i = 0; i < seen; i++) corners.push(hull[(i + 1) % hull.length], hull[i], place);
    hull = [hull[0], place, ...hull.slice(seen)];
  }
  return corners;
}

/** The edge on the other side of each, -1 at the hull. Edge i goes from corner i to the next one of its triangle.
 * @param {number[]} corners @param {number} count of places */
function twinsOf(corners, count) {
  const known = new Map(corners.map((from, edge) => [from * count + corners[next(edge)], edge]));
  return corners.map((from, edge) => known.get(corners[next(edge)] * count + from) ?? -1);
}

/** @param {number} edge */
const next = (edge) => (edge % 3 === 2 ? edge - 2 : edge + 1);

/** Turn an edge between two triangles into the other diagonal, if that evens them out.
 * @param {number} edge @param {Place[]} places @param {number[]} corners @param {number[]} twins
 * @returns {number[]} edges to look at again */
function flipped(edge, places, corners, twins) {
  const twin = twins[edge];
  if (twin < 0) return [];
  const [one, other] = [[edge, next(edge), next(next(edge))], [twin, next(twin), next(next(twin))]];
  const [a, b, c, d] = [corners[edge], corners[twin], corners[one[2]], corners[other[2]]];
  const at = (/** @type {number} */ i) => places[i];
  if (!isInCircle(at(a), at(b), at(c), at(d)) || turn(at(c), at(a), at(d)) <= 0 || turn(at(d), at(b), at(c)) <= 0) return [];
  const [bc, ca, ad, db] = [twins[one[1]], twins[one[2]], twins[other[1]], twins[other[2]]];
  const link = (/** @type {number} */ i, /** @type {number} */ j) => {
    twins[i] = j;
    if (j >= 0) twins[j] = i;
  };
  one.forEach((place, i) => (corners[place] = [c, a, d][i]));
  other.forEach((place, i) => (corners[place] = [d, b, c][i]));
  link(one[0], ca);
  link(one[1], ad);
  link(other[0], db);
  link(other[1], bc);
  link(one[2], other[2]);
  return [one[0], one[1], other[0], other[1]];
}
