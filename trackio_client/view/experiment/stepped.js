// @ts-check
/** Records of evaluations by step: what was recorded again after a restart replaces, several evaluation sets stand side by side. */

/** @typedef {import("./facts.js").Entry} Entry
 * @typedef {{step: number | null, epoch: number | null, parts: Entry[]}} Group */

/** @param {Group[]} held @param {Entry[]} fresh @returns {Group[]} by step */
export function grouped(held, fresh) {
  const byStep = new Map(held.map((group) => [group.step, group]));
  for (const entry of fresh) {
    const before = byStep.get(entry.step);
    const isSame = before?.parts[0].writer_id === entry.writer_id; // another writer: the training went on from before
    byStep.set(entry.step, { step: entry.step, epoch: entry.epoch, parts: isSame && before ? [...before.parts, entry] : [entry] });
  }
  return [...byStep.values()].sort((a, b) => (a.step ?? 0) - (b.step ?? 0));
}

/** The data of an evaluation by evaluation set. @param {Group} group @param {(entry: Entry) => Promise<any>} content @returns {Promise<Map<string, any>>} */
export async function setsOf(group, content) {
  const all = await Promise.all(group.parts.slice(-12).map(content));
  return new Map(all.map(({ data }) => [String(data?.set ?? ""), data]));
}
