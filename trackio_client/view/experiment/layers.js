// @ts-check
/**
 * Nodes of a graph in columns, so that edges go from left to right (Sugiyama, Tagawa and Toda 1981): a column is the longest way from a
 * source, edges that would close a circle are drawn backwards, and neighbours in a column are ordered by the mean place of what they are
 * joined to, so that few edges cross.
 */

const SWEEPS = 6;

/** @typedef {{id: string, column: number, row: number}} Placed */

/** @param {string[]} ids @param {[string, string][]} edges @returns {{placed: Map<string, Placed>, columns: string[][]}} */
export function layered(ids, edges) {
  const known = new Set(ids);
  const straight = acyclic(ids, edges.filter(([from, to]) => known.has(from) && known.has(to) && from !== to));
  const column = new Map(ids.map((id) => [id, 0]));
  const before = new Map(ids.map((id) => [id, /** @type {string[]} */ ([])]));
  const after = new Map(ids.map((id) => [id, /** @type {string[]} */ ([])]));
  for (const [from, to] of straight) {
    after.get(from)?.push(to);
    before.get(to)?.push(from);
  }
  const order = sorted(ids, before, after);
  for (const id of order) column.set(id, Math.max(0, ...(before.get(id) ?? []).map((each) => (column.get(each) ?? 0) + 1)));
  // What nothing goes into stands next to what it goes to, not far off at the left.
  for (const id of [...order].reverse()) {
    const next = (after.get(id) ?? []).map((each) => column.get(each) ?? 0);
    if (next.length && !before.get(id)?.length) column.set(id, Math.min(...next) - 1);
  }
  const columns = /** @type {string[][]} */ ([]);
  for (const id of ids) (columns[column.get(id) ?? 0] ??= []).push(id);
  const whole = Array.from(columns, (each) => each ?? []).filter((each) => each.length);
  const row = new Map();
  const number = () => whole.forEach((each) => each.forEach((id, i) => row.set(id, i - (each.length - 1) / 2)));
  number();
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const near = sweep % 2 ? after : before;
    for (const each of sweep % 2 ? [...whole].reverse() : whole) {
      const mean = new Map(each.map((id) => {
        const places = (near.get(id) ?? []).map((other) => row.get(other));
        return [id, places.length ? places.reduce((sum, place) => sum + place, 0) / places.length : row.get(id)];
      }));
      each.sort((a, b) => mean.get(a) - mean.get(b) || row.get(a) - row.get(b));
      each.forEach((id, i) => row.set(id, i - (each.length - 1) / 2));
    }
  }
  const placed = new Map(whole.flatMap((each, at) => each.map((id, i) => /** @type {[string, Placed]} */ ([id, { id, column: at, row: i - (each.length - 1) / 2 }]))));
  return { placed, columns: whole };
}

/** Edges without those that close a circle: an experiment may use what it made. @param {string[]} ids @param {[string, string][]} edges */
function acyclic(ids, edges) {
  const next = new Map(ids.map((id) => [id, /** @type {string[]} */ ([])]));
  for (const [from, to] of edges) next.get(from)?.push(to);
  const state = new Map();
  const closing = new Set();
  for (const first of ids) {
    if (state.has(first)) continue;
    const path = [{ id: first, at: 0 }];
    state.set(first, 1);
    while (path.length) {
      const top = path[path.length - 1];
      const to = next.get(top.id)?.[top.at++];
      if (to === undefined) {
        state.set(top.id, 2);
        path.pop();
      } else if (state.get(to) === 1) closing.add(`${top.id}\t${to}`);
      else if (!state.has(to)) {
        state.set(to, 1);
        path.push({ id: to, at: 0 });
      }
    }
  }
  return edges.filter(([from, to]) => !closing.has(`${from}\t${to}`));
}

/** Each after all that lead to it (Kahn 1962). @param {string[]} ids @param {Map<string, string[]>} before @param {Map<string, string[]>} after */
function sorted(ids, before, after) {
  const left = new Map(ids.map((id) => [id, before.get(id)?.length ?? 0]));
  const open = ids.filter((id) => !left.get(id));
  const order = [];
  for (let i = 0; i < open.length; i += 1) {
    order.push(open[i]);
    for (const to of after.get(open[i]) ?? []) {
      left.set(to, (left.get(to) ?? 0) - 1);
      if (left.get(to) === 0) open.push(to);
    }
  }
  return order;
}
