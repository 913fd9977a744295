// @ts-check
import { Pattern } from "./pattern.js";

/** What typed words find: names that hold all of them, in any order. `/…/` is a regular expression. */

/** @param {string} typed @returns {((...fields: string[]) => boolean) | null} whether each word is in one of the fields;
 * null when nothing was typed */
export function matcher(typed) {
  const words = typed.match(/\/(?:[^/\\]|\\.)+\/|\S+/g);
  if (!words) return null;
  const tests = words.map(testOf);
  return (...fields) => tests.every((test) => fields.some(test));
}

/** @param {string} word @returns {(name: string) => boolean} */
function testOf(word) {
  if (word.length > 2 && word.startsWith("/") && word.endsWith("/")) {
    try {
      const pattern = new Pattern(word.slice(1, -1)); // in time that follows the name's length: not RegExp
      return (name) => pattern.search(name);
    } catch {
      // Not finished yet, or meant as it stands.
    }
  }
  const plain = word.toLowerCase();
  return (name) => name.toLowerCase().includes(plain);
}
