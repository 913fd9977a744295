// @ts-check
/** What tells only the seed: of a name, of a key, of a whole config. The server does the same: queries/seedless.py. */

/** The column of a list that tells which experiments are seeds of one setting: {same: what they share, differs: {key: value}}. */
export const BUT_SEED = "but:seed";
/** @typedef {{same: string, differs: Record<string, any>}} Setting */

/** "lr3e-4_seed1", "lr3e-4 (seed=2)", "lr3e-4-s3": what tells the seed, with the signs around it. */
const SEED = /(?<![\s_\-./,;])[\s_\-./,;]*(?:[([{]?\b(?:random[\s_-]?)?(?:seed|rng)[\s_\-=:#]*\d+\b[)\]}]?|(?<=[\s_\-./,;])s\d+(?![\p{L}\p{N}]))/giu; // a run of signs only where it begins
const WORDS = /[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+/g;
const SEEDS = new Set(["seed", "seeds", "rng"]);
const PLACES = new Set(["output_dir", "logging_dir", "run_name"]); // where a training writes
const LONGEST = 60; // characters of a value in a name
const MOST_KEYS = 4; // in a name

/** A name without its seed; itself when it tells none. @param {string} name */
export function withoutSeed(name) {
  // "_" is a letter to \b, and the usual sign before "seed": it is read as a space, and the name stays as it was written.
  const spaced = name.replaceAll("_", " ");
  let [kept, from] = ["", 0];
  for (const { index, 0: found } of spaced.matchAll(SEED)) {
    kept += name.slice(from, index);
    from = index + found.length;
  }
  return from ? (kept + name.slice(from)).replace(/^[\s_\-./,;]+/, "").trim() || name : name;
}

/** Whether a dotted key names a seed: of training, data, Python, numpy … @param {string} key */
export function isSeed(key) {
  const words = (key.match(WORDS) ?? []).map((word) => word.toLowerCase());
  return words.some((word) => SEEDS.has(word) || word.endsWith("hashseed") || word.endsWith("randomseed"));
}

/** A flat config without seeds and places, sorted by key. @param {Record<string, any>} config @returns {Record<string, any>} */
export function seedless(config) {
  const kept = Object.keys(config).filter((key) => !PLACES.has(key.slice(key.lastIndexOf(".") + 1)) && !isSeed(key)).sort();
  return Object.fromEntries(kept.map((key) => [key, typeof config[key] === "string" ? withoutSeed(config[key]) : config[key]]));
}

/** The column `but:seed` of these configs, where no server tells it. @param {Record<string, any>[]} configs flat @returns {(Setting | undefined)[]} */
export function settingsOf(configs) {
  const all = configs.map(seedless);
  const varying = differing(all);
  return all.map((settings, i) => {
    if (!Object.keys(configs[i]).length) return undefined;
    return { same: JSON.stringify(settings), differs: Object.fromEntries(varying.filter((key) => key in settings).map((key) => [key, settings[key]])) };
  });
}

/** The keys whose values differ, or that some lack; learning rates first. @param {Record<string, any>[]} all @returns {string[]} */
function differing(all) {
  /** @type {Map<string, Map<string, number>>} */ const found = new Map();
  for (const settings of all) {
    for (const [key, value] of Object.entries(settings)) {
      const values = found.get(key) ?? new Map();
      const told = JSON.stringify(value);
      values.set(told, (values.get(told) ?? 0) + 1);
      found.set(key, values);
    }
  }
  const n = (/** @type {Map<string, number>} */ values) => [...values.values()].reduce((a, b) => a + b, 0);
  const isRate = (/** @type {string} */ key) => Number(!/(^|[._])(lr|learning_rate)$/.test(key));
  return [...found].filter(([, values]) => values.size > 1 || n(values) < all.length).map(([key]) => key).sort((a, b) => isRate(a) - isRate(b) || (a < b ? -1 : 1));
}

/** What settings are called: by what differs between these. @param {Iterable<Setting | undefined>} settings @param {string} [is] between key and value
 * @returns {Map<string, string>} by `same` */
export function settingNames(settings, is = " ") {
  /** @type {Map<string, Record<string, any>>} */ const all = new Map();
  for (const each of settings) if (each) all.set(each.same, each.differs);
  const keys = differing([...all.values()]);
  /** @type {Map<string, number>} */ const used = new Map();
  return new Map([...all].map(([same, differs]) => {
    const parts = keys.map((key) => (key in differs ? `${key}${is}${wordOf(differs[key])}` : `no ${key}`));
    const name = parts.slice(0, MOST_KEYS).join(", ") || "one setting";
    const n = (used.get(name) ?? 0) + 1;
    used.set(name, n);
    const more = parts.length > MOST_KEYS ? ` … (${n})` : n > 1 ? ` (${n})` : "";
    return [same, name + more];
  }));
}

/** A value as a name tells it. @param {any} value */
export function wordOf(value) {
  const text = value && typeof value === "object" ? ("$float" in value ? String(value.$float) : JSON.stringify(value)) : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
