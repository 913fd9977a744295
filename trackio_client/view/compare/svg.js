// @ts-check
/** Small drawings as SVG elements. Text becomes text nodes, as everywhere. */

/** @param {string} tag @param {Record<string, any> | null} [props] @param {...any} children @returns {any} */
export function s(tag, props, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(props ?? {})) if (value !== null && value !== undefined && value !== false) node.setAttribute(name, String(value));
  for (const child of children.flat(2)) if (child !== null && child !== undefined && child !== false) node.append(child instanceof Node ? child : String(child));
  return node;
}

/** The points of a polyline. @param {number[]} xs @param {(number | null)[]} ys @param {(v: number) => number} toX @param {(v: number) => number} toY */
export function path(xs, ys, toX, toY) {
  let words = "";
  let pen = false;
  for (let i = 0; i < xs.length; i++) {
    const y = ys[i];
    if (y === null || !Number.isFinite(y)) {
      pen = false;
      continue;
    }
    words += `${pen ? "L" : "M"}${toX(xs[i]).toFixed(1)} ${toY(y).toFixed(1)}`;
    pen = true;
  }
  return words;
}

/** The outline of a band. @param {number[]} xs @param {(number | null)[]} low @param {(number | null)[]} high @param {(v: number) => number} toX @param {(v: number) => number} toY */
export function area(xs, low, high, toX, toY) {
  const known = xs.map((_, i) => i).filter((i) => Number.isFinite(low[i] ?? NaN) && Number.isFinite(high[i] ?? NaN));
  if (known.length < 2) return "";
  const point = (/** @type {number} */ i, /** @type {(number | null)[]} */ of) => `${toX(xs[i]).toFixed(1)} ${toY(/** @type {number} */ (of[i])).toFixed(1)}`;
  return `M${known.map((i) => point(i, high)).join("L")}L${known.reverse().map((i) => point(i, low)).join("L")}Z`;
}
