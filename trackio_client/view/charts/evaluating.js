// @ts-check
/** What an expression gives, column by column: its values, and bounds where its metrics are known between bounds only. */

/** @typedef {import("./expression.js").Tree} Tree */

/** The values of an expression. @param {Tree} tree @param {(name: string) => ArrayLike<number>} columns @param {number} n
 * @returns {Float64Array} (n,) what has no value (log of −1, 0 / 0) is NaN, what is without bound ±Infinity */
export function evaluate(tree, columns, n) {
  const out = new Float64Array(n);
  if (tree.kind === "number") return out.fill(tree.value);
  if (tree.kind === "name") {
    const from = columns(tree.name);
    for (let i = 0; i < n; i++) out[i] = from[i];
    return out;
  }
  if (tree.kind === "minus") return evaluate(tree.of, columns, n).map((v) => -v);
  if (tree.kind === "sign") {
    const [a, b] = [evaluate(tree.left, columns, n), evaluate(tree.right, columns, n)];
    const f = BINARY[tree.sign];
    for (let i = 0; i < n; i++) out[i] = f(a[i], b[i]);
    return out;
  }
  const of = tree.of.map((each) => evaluate(each, columns, n));
  const f = UNARY[tree.name];
  if (f) return of[0].map(f);
  const pick = tree.name === "min" ? Math.min : Math.max;
  for (let i = 0; i < n; i++) out[i] = of.reduce((best, column) => pick(best, column[i]), of[0][i]);
  return out;
}

/** @type {Record<string, (a: number, b: number) => number>} */
const BINARY = { "+": (a, b) => a + b, "-": (a, b) => a - b, "*": (a, b) => a * b, "/": (a, b) => a / b, "^": (a, b) => a ** b };
/** @type {Record<string, (v: number) => number>} */
const UNARY = { log: Math.log, log10: Math.log10, log2: Math.log2, exp: Math.exp, abs: Math.abs, sqrt: Math.sqrt };

/** Bounds of an expression whose metrics lie anywhere between theirs (interval arithmetic, Moore 1966): never narrower
 * than what the points can give, often wider. @param {Tree} tree @param {(name: string) => [ArrayLike<number>, ArrayLike<number>]} bounds
 * @param {number} n @returns {[Float64Array, Float64Array]} lowest and highest, (n,) each */
export function evaluateBounds(tree, bounds, n) {
  const [low, high] = [new Float64Array(n), new Float64Array(n)];
  const put = (/** @type {number} */ i, /** @type {number[]} */ values) => {
    low[i] = Math.min(...values);
    high[i] = Math.max(...values);
  };
  if (tree.kind === "number") return [low.fill(tree.value), high.fill(tree.value)];
  if (tree.kind === "name") {
    const [a, b] = bounds(tree.name);
    for (let i = 0; i < n; i++) (low[i] = a[i]), (high[i] = b[i]);
  } else if (tree.kind === "minus") {
    const [a, b] = evaluateBounds(tree.of, bounds, n);
    for (let i = 0; i < n; i++) (low[i] = -b[i]), (high[i] = -a[i]);
  } else if (tree.kind === "sign") {
    const [a, b] = evaluateBounds(tree.left, bounds, n);
    const [c, d] = evaluateBounds(tree.right, bounds, n);
    const f = BINARY[tree.sign];
    for (let i = 0; i < n; i++) {
      put(i, [f(a[i], c[i]), f(a[i], d[i]), f(b[i], c[i]), f(b[i], d[i])]);
      const spansZero = (/** @type {number} */ from, /** @type {number} */ to) => from < 0 && to > 0;
      if (tree.sign === "/" && spansZero(c[i], d[i])) (low[i] = -Infinity), (high[i] = Infinity);
      if (tree.sign === "^" && spansZero(a[i], b[i])) (low[i] = Math.min(low[i], 0)), (high[i] = Math.max(high[i], 0));
    }
  } else {
    const of = tree.of.map((each) => evaluateBounds(each, bounds, n));
    const f = UNARY[tree.name];
    for (let i = 0; i < n; i++) {
      if (!f) put(i, [low, high].map((_, end) => (tree.name === "min" ? Math.min : Math.max)(...of.map((pair) => pair[end][i]))));
      else {
        const [a, b] = [of[0][0][i], of[0][1][i]];
        put(i, [f(a), f(b)]);
        if (tree.name === "abs" && a < 0 && b > 0) low[i] = 0;
      }
    }
  }
  return [low, high];
}
