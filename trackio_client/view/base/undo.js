// @ts-check
/** What can be taken back, the newest first: Ctrl+Z and the button of a toast take the same; and what was taken back and can be
 * done again, until something else is done. */

/** @typedef {{words: string, undo: () => any, redo?: () => any, isTaken: boolean, at_ms: number, done?: any}} Step */

const MOST = 50;

/** @type {Step[]} */
const steps = [];
/** @type {Step[]} taken back, the last one last */
let taken = [];

/** @param {string} words what was done, as a toast says it @param {() => any} undo @param {() => any} [redo] does it again @returns {Step} */
export function remembering(words, undo, redo) {
  const step = { words, undo, redo, isTaken: false, at_ms: performance.now() };
  taken = []; // what was taken back was done from another state than this
  steps.push(step);
  if (steps.length > MOST) steps.shift();
  return step;
}

/** Take one step back, once. @param {Step} step @returns {Promise<void>} */
export async function takeBack(step) {
  if (step.isTaken) return;
  step.isTaken = true;
  forget(step);
  const done = step.undo();
  if (step.redo) taken.push(Object.assign(step, { done })); // at once: who does it again meanwhile waits for it
  try {
    await done;
  } catch (error) {
    taken = taken.filter((each) => each !== step);
    throw error;
  }
}

/** Do again what was taken back last. @param {Step} step @returns {Promise<void>} */
export async function doAgain(step) {
  if (taken.at(-1) !== step) return;
  taken.pop();
  await step.done;
  await step.redo?.();
  Object.assign(step, { isTaken: false, at_ms: performance.now() });
  steps.push(step);
}

/** Nothing can be done again: the page shows something else now. */
export function forgetTaken() {
  taken = [];
}

/** @returns {Step | undefined} what Ctrl+Shift+Z would do again */
export const lastTaken = () => taken.at(-1);

/** It can no longer be taken back: the page shows something else now. @param {Step} step */
export function forget(step) {
  const at = steps.indexOf(step);
  if (at >= 0) steps.splice(at, 1);
}

/** @returns {Step | undefined} what Ctrl+Z would take back */
export const lastStep = () => steps.at(-1);
