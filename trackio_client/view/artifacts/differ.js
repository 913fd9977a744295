// @ts-check
/** What differs between two versions of an artifact: files by path and content, metadata by key. */

/** @typedef {{path: string, file?: string | null, bytes?: number | null, reference?: string | null, etag?: string | null}} File
 * @typedef {{added: File[], removed: File[], changed: [File, File][], same: number, settings: [string, any, any][]}} Difference
 *   `changed`: as it was, as it is; `settings`: key, as it was, as it is, undefined where it was not there */

/** What tells that a file is the same: its content's hash, or where it lies. @param {File} file */
const contentOf = (file) => file.file ?? [file.reference, file.etag, file.bytes].join("\n");

/** @param {any} before @param {any} now versions with their files @returns {Difference} */
export function differenceOf(before, now) {
  const old = new Map((before.files ?? []).map((/** @type {File} */ each) => [each.path, each]));
  /** @type {Difference} */ const found = { added: [], removed: [], changed: [], same: 0, settings: [] };
  for (const file of now.files ?? []) {
    const was = old.get(file.path);
    old.delete(file.path);
    if (!was) found.added.push(file);
    else if (contentOf(was) !== contentOf(file)) found.changed.push([was, file]);
    else found.same += 1;
  }
  found.removed = [...old.values()];
  const [one, other] = [flat({ type: before.type, description: before.description, metadata: before.metadata ?? {} }), flat({ type: now.type, description: now.description, metadata: now.metadata ?? {} })];
  for (const key of [...new Set([...one.keys(), ...other.keys()])].sort()) {
    if (JSON.stringify(one.get(key)) !== JSON.stringify(other.get(key))) found.settings.push([key, one.get(key), other.get(key)]);
  }
  return found;
}

/** Nested keys joined by dots; the metadata's own stand without a word before them. @param {any} value @param {string} [at] @param {Map<string, any>} [found] */
function flat(value, at = "", found = new Map()) {
  const isNested = value && typeof value === "object" && !Array.isArray(value) && !("$float" in value);
  if (!isNested) {
    if (value !== undefined && value !== null && value !== "") found.set(at, value);
    return found;
  }
  for (const [key, each] of Object.entries(value)) flat(each, at && at !== "metadata" ? `${at}.${key}` : at === "metadata" ? `metadata ${key}` : key, found);
  return found;
}
