// @ts-check
/** Contents of many entries: in few questions where the source takes many at once, else a few at a time. */

const AT_ONCE = 200;
const TOGETHER = 6;

/** @typedef {{experiment: string, entry: import("../experiment/facts.js").Entry}} Wanted */

/** In their order; null for what is not there. @param {any} source @param {Wanted[]} wanted @returns {Promise<any[]>} */
export async function contentsOf(source, wanted) {
  if (!source.contents) return oneByOne(source, wanted);
  /** @type {any[]} */ const found = [];
  while (found.length < wanted.length) {
    const some = await source.contents(wanted.slice(found.length, found.length + AT_ONCE));
    if (!some.length) throw new Error("the server gave none of the contents that were asked for.");
    found.push(...some);
  }
  return found;
}

/** @param {any} source @param {Wanted[]} wanted */
async function oneByOne(source, wanted) {
  /** @type {any[]} */ const found = new Array(wanted.length).fill(null);
  let next = 0;
  const work = async () => {
    for (let i = next++; i < wanted.length; i = next++) found[i] = (await source.entry(wanted[i].experiment, wanted[i].entry)).content;
  };
  await Promise.all(Array.from({ length: TOGETHER }, work));
  return found;
}
