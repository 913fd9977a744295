// @ts-check
/**
 * Smoothing of one series: debiased EMA, Gaussian, running mean.
 *
 * One `amount` from 0 (off) to below 1 means the same damping of noise for all three: that of an EMA of this weight.
 * Distances on the x axis count, in units of the series' own typical distance, so a gap or an uneven pace does not
 * bend the curve; for evenly spaced points the EMA is the textbook one. A value that is not finite stays a gap and
 * takes no part. Only what a change can reach is computed again.
 */

/** @typedef {{kind: "ema" | "gaussian" | "mean", amount: number}} Smoothing */

/** Median distance of neighbours on the x axis, from at most 256 of them; 1 when the axis does not rise.
 * @param {ArrayLike<number>} x @param {number} n @returns {number} */
export function typicalDistance(x, n) {
  if (n < 2) return 1;
  const stride = Math.max(1, Math.floor((n - 1) / 256));
  const found = new Float64Array(Math.floor((n - 1) / stride)); // sorts without calling back
  for (let i = stride, k = 0; i < n; i += stride) found[k++] = (x[i] - x[i - stride]) / stride;
  found.sort();
  const median = found[found.length >> 1];
  return median > 0 && Number.isFinite(median) ? median : 1;
}

/** Points on either side that a smoothed value can feel.
 * @param {Smoothing} smoothing @returns {number} half the window, in typical distances */
export function reachOf({ kind, amount }) {
  const window = (1 + amount) / (1 - amount); // as many independent values as an EMA of this weight averages
  return kind === "mean" ? (window - 1) / 2 : (3 * window) / (2 * Math.sqrt(Math.PI));
}

/** Smooths `values` into `out` from index `from` on; what lies before it must be there already (`norm` too, for the EMA).
 * @param {ArrayLike<number>} x (n,) @param {ArrayLike<number>} values (n,) @param {number} n
 * @param {Smoothing} smoothing @param {Float64Array} out (n,) @param {Float64Array} norm (n,) weight so far
 * @param {number} distance typical distance on the axis @param {number} [from] */
export function smooth(x, values, n, smoothing, out, norm, distance, from = 0) {
  const amount = Math.min(0.999, Math.max(0, smoothing.amount));
  if (amount === 0) for (let i = from; i < n; i++) out[i] = Number.isFinite(values[i]) ? values[i] : NaN;
  else if (smoothing.kind === "ema") ema(x, values, n, amount, out, norm, distance, from);
  else windowed(x, values, n, { kind: smoothing.kind, amount }, out, distance, from);
}

/** @param {ArrayLike<number>} x @param {ArrayLike<number>} values @param {number} n @param {number} weight
 *  @param {Float64Array} out @param {Float64Array} norm @param {number} distance @param {number} from */
function ema(x, values, n, weight, out, norm, distance, from) {
  let k = from - 1;
  while (k >= 0 && Number.isNaN(out[k])) k--;
  let total = k >= 0 ? norm[k] : 0; // of weight^age over the points so far: dividing by it removes the bias
  let mean = k >= 0 ? out[k] : 0;
  let before = k >= 0 ? x[k] : NaN;
  for (let i = from; i < n; i++) {
    const v = values[i];
    if (!Number.isFinite(v)) {
      out[i] = NaN;
      norm[i] = total;
      continue;
    }
    const d = (x[i] - before) / distance;
    const keep = !(d > 0) || Math.abs(d - 1) < 1e-6 ? weight : weight ** d;
    total = keep * total + 1;
    const share = 1 / total;
    mean = mean * (1 - share) + v * share; // no sum: of values of 1e308 there is none
    out[i] = mean;
    norm[i] = total;
    before = x[i];
  }
}

/** @param {ArrayLike<number>} x @param {ArrayLike<number>} values @param {number} n @param {Smoothing} smoothing
 *  @param {Float64Array} out @param {number} distance @param {number} from */
function windowed(x, values, n, smoothing, out, distance, from) {
  const reach = reachOf(smoothing) * distance * (1 + 1e-9);
  const gaussian = smoothing.kind === "gaussian";
  const sigma = (reach / 3) * Math.SQRT2;
  // A running sum would be quicker for the mean but drifts when a spike of 1e30 passes; windows are ≤ 400 points.
  let first = 0;
  for (let i = from; i < n; i++) {
    if (!Number.isFinite(values[i])) {
      out[i] = NaN;
      continue;
    }
    while (first < i && x[first] < x[i] - reach) first++;
    if (i === from) for (first = 0; first < i && x[first] < x[i] - reach; ) first++;
    let mean = 0;
    let weights = 0;
    for (let k = first; k < n && x[k] <= x[i] + reach; k++) {
      const v = values[k];
      if (!Number.isFinite(v)) continue;
      const w = gaussian ? Math.exp(-(((x[k] - x[i]) / sigma) ** 2)) : 1;
      weights += w;
      const share = w / weights;
      mean = mean * (1 - share) + v * share;
    }
    out[i] = weights > 0 ? mean : values[i];
  }
}
