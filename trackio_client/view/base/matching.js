// @ts-check
import { ParseError, Pattern } from "./pattern.js";

/** What typed words find: names that hold all of them, in any order. `/…/` is a regular expression. */

const WORD = /\/(?:[^/\\]|\\.)+\/|\S+/g;

/** @param {string} typed @returns {((...fields: string[]) => boolean) | null} whether each word is in one of the fields;
 * null when nothing was typed */
export function matcher(typed) {
  const words = typed.match(WORD);
  if (!words) return null;
  const tests = words.map(testOf);
  return (...fields) => tests.every((test) => fields.some(test));
}

/** Why a pattern in it does not parse, and where: it is searched for as it stands then. @param {string} typed @returns {string | null} */
export function mistakeIn(typed) {
  for (const { 0: word, index } of typed.matchAll(WORD)) {
    const { pattern, error } = patternOf(word);
    if (pattern || !error) continue;
    const at = [...typed.slice(0, index)].length + 2 + error.at; // characters, from 1, behind the slash
    return `${word} is no pattern: ${error.message} (character ${at}). It is searched for as it stands.`;
  }
  return null;
}

/** @param {string} word @returns {(name: string) => boolean} */
function testOf(word) {
  const { pattern } = patternOf(word);
  if (pattern) return (name) => pattern.search(name);
  const plain = word.toLowerCase();
  return (name) => name.toLowerCase().includes(plain);
}

/** In time that follows the name's length: not RegExp. @param {string} word @returns {{pattern?: Pattern, error?: ParseError}} */
function patternOf(word) {
  if (word.length < 3 || !word.startsWith("/") || !word.endsWith("/")) return {};
  try {
    return { pattern: new Pattern(word.slice(1, -1)) };
  } catch (error) {
    if (error instanceof ParseError) return { error };
    throw error;
  }
}
