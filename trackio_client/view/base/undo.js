// @ts-check
/** What can be taken back, the newest first: Ctrl+Z and the button of a toast take the same; and what was taken back and can be
 * done again, until something else is done. */

/** @typedef {{words: string, undo: () => any, redo?: () => any, isTaken: boolean, at_ms: number, done?: Promise<any>}} Step `done`: when what is under way with it has ended */

const MOST = 50;

/** @type {Step[]} */
const steps = [];
/** @type {Step[]} taken back, the last one last */
let taken = [];
let turned_ms = -Infinity; // when a step was last taken back, or done again

/** Since when the page shows what taking back, or doing again, made of it. @returns {number} ms, as performance.now() has them */
export const turnedAt = () => turned_ms;

/** @param {string} words what was done, as a toast says it @param {() => any} undo @param {() => any} [redo] does it again @returns {Step} */
export function remembering(words, undo, redo) {
  const step = { words, undo, redo, isTaken: false, at_ms: performance.now() };
  taken = []; // what was taken back was done from another state than this
  steps.push(step);
  if (steps.length > MOST) steps.shift();
  return step;
}

/** Take one step back, once. Both ways are known at once and wait for each other: who presses quickly takes back this step, and no
 * other one. @param {Step} step @returns {Promise<void>} */
export async function takeBack(step) {
  if (step.isTaken) return;
  step.isTaken = true;
  forget(step);
  if (step.redo) taken.push(step);
  turned_ms = performance.now();
  try {
    await after(step, step.undo);
  } catch (error) {
    taken = taken.filter((each) => each !== step);
    throw error;
  }
}

/** Do again what was taken back last. @param {Step} step @returns {Promise<void>} */
export async function doAgain(step) {
  if (!step.redo || taken.at(-1) !== step) return;
  taken.pop();
  Object.assign(step, { isTaken: false, at_ms: (turned_ms = performance.now()) });
  steps.push(step);
  try {
    await after(step, step.redo);
  } catch (error) {
    forget(step);
    throw error;
  }
}

/** Call when what is under way with this step has ended; at once if nothing is. @param {Step} step @param {() => any} call */
function after(step, call) {
  const done = step.done ? step.done.then(call) : Promise.resolve(call());
  const ended = () => void (step.done === kept && (step.done = undefined));
  /** @type {Promise<any>} */
  const kept = done.then(ended, ended);
  step.done = kept;
  return done;
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
