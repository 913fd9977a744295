// @ts-check
/** A surface over places of a plane, straight between neighbours, and its bands. All are shares of their axes, 0 … 1. Pure functions. */
import { STEPS, triangulated, turn } from "./delaunay.js";

const MOST = 2000; // places: their triangles are made and drawn within one frame or two
const NARROW = 1 / 500; // of an axis: less is a line on every screen

/**
 * @typedef {{x: number, y: number, z: number}} Point
 * @typedef {Point & {n: number}} Spot points that lie at one place: how many, and the mean of their heights
 * @typedef {{spots: Spot[], triangles: [number, number, number][], places: number, shared: number}} Surface
 *   `places`: how many there are before they are thinned; `shared`: points that have their place with others
 */

/** @param {Point[]} points @returns {Surface} without triangles where there are fewer than four places, or all on one line */
export function surfaceOf(points) {
  /** @type {Map<string, Spot>} */ const at = new Map();
  for (const { x, y, z } of points) {
    const [left, up] = [Math.round(x * STEPS), Math.round(y * STEPS)];
    const key = `${left} ${up}`;
    const spot = at.get(key) ?? { x: left, y: up, z: 0, n: 0 };
    spot.n++;
    spot.z += (z - spot.z) / spot.n;
    at.set(key, spot);
  }
  const all = [...at.values()];
  const shared = all.reduce((sum, { n }) => sum + (n > 1 ? n : 0), 0);
  const spots = thinned(all);
  const triangles = spots.length < 4 || isLine(spots) ? [] : triangulated(spots);
  return { spots: spots.map((spot) => ({ ...spot, x: spot.x / STEPS, y: spot.y / STEPS })), triangles, places: all.length, shared };
}

/** Evenly many of each part of the x axis. @param {Spot[]} spots */
function thinned(spots) {
  if (spots.length <= MOST) return spots;
  const sorted = [...spots].sort((a, b) => a.x - b.x || a.y - b.y);
  return Array.from({ length: MOST }, (_, i) => sorted[Math.round((i * (sorted.length - 1)) / (MOST - 1))]);
}

/** @param {Spot[]} spots */
function isLine(spots) {
  const far = (/** @type {Spot} */ from) => spots.reduce((best, spot) => (Math.hypot(spot.x - from.x, spot.y - from.y) > Math.hypot(best.x - from.x, best.y - from.y) ? spot : best), from);
  const one = far(spots[0]);
  const other = far(one);
  const length = Math.hypot(other.x - one.x, other.y - one.y);
  return spots.every((spot) => Math.abs(turn(one, other, spot)) <= NARROW * STEPS * length);
}

/** The height of a place; null outside of the hull. @param {Surface} surface @param {number} x @param {number} y */
export function heightAt({ spots, triangles }, x, y) {
  for (const [i, j, k] of triangles) {
    const [a, b, c] = [spots[i], spots[j], spots[k]];
    const whole = turn(a, b, c);
    const shares = [turn(b, c, { x, y }) / whole, turn(c, a, { x, y }) / whole, turn(a, b, { x, y }) / whole];
    if (shares.every((share) => share >= -1e-9)) return shares[0] * a.z + shares[1] * b.z + shares[2] * c.z;
  }
  return null;
}

/** What of each triangle lies at or above a level, and the lines along it.
 * @param {Surface} surface @param {number} level @returns {{areas: Point[][], lines: [Point, Point][]}} */
export function above({ spots, triangles }, level) {
  /** @type {Point[][]} */ const areas = [];
  /** @type {[Point, Point][]} */ const lines = [];
  for (const numbers of triangles) {
    const corners = numbers.map((i) => spots[i]);
    /** @type {Point[]} */ const area = [];
    /** @type {Point[]} */ const cuts = [];
    corners.forEach((a, i) => {
      const b = corners[(i + 1) % 3];
      if (a.z >= level) area.push(a);
      if (a.z >= level === b.z >= level) return;
      const share = (level - a.z) / (b.z - a.z);
      const cut = { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share, z: level };
      area.push(cut);
      cuts.push(cut);
    });
    if (area.length) areas.push(area);
    if (cuts.length === 2) lines.push([cuts[0], cuts[1]]);
  }
  return { areas, lines };
}
