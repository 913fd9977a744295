// @ts-check
/** What can be taken back, the newest first: Ctrl+Z and the button of a toast take the same. */

/** @typedef {{words: string, undo: () => any, isTaken: boolean, at_ms: number}} Step */

const MOST = 50;

/** @type {Step[]} */
const steps = [];

/** @param {string} words what was done, as a toast says it @param {() => any} undo @returns {Step} */
export function remembering(words, undo) {
  const step = { words, undo, isTaken: false, at_ms: performance.now() };
  steps.push(step);
  if (steps.length > MOST) steps.shift();
  return step;
}

/** Take one step back, once. @param {Step} step @returns {Promise<void>} */
export async function takeBack(step) {
  if (step.isTaken) return;
  step.isTaken = true;
  forget(step);
  await step.undo();
}

/** It can no longer be taken back: the page shows something else now. @param {Step} step */
export function forget(step) {
  const at = steps.indexOf(step);
  if (at >= 0) steps.splice(at, 1);
}

/** @returns {Step | undefined} what Ctrl+Z would take back */
export const lastStep = () => steps.at(-1);
