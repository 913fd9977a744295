// @ts-check
/** A name cut to a width so that it loses its middle: what tells "adamw-lr3e-4-seed1" from "…-seed2" stands at the end. */

import { h } from "./dom.js";

const TAIL = 8; // letters at the end that stay
const LEAST = 3; // letters before the dots: with fewer of them the end is cut after all
const MOST = 4000; // cuts remembered: a list of thousands scrolls through few widths

/** The same without measuring: of two parts side by side the style sheet cuts the first, whatever width and letters are (`tk-middle`). @param {string} words @returns {HTMLElement} */
export function middle(words) {
  const letters = [...words]; // not halves of one
  if (letters.length < TAIL + LEAST) return h("span", null, words);
  return h("span", { class: "tk-middle" }, h("span", null, letters.slice(0, -TAIL).join("")), h("span", null, letters.slice(-TAIL).join("")));
}

const pen = document.createElement("canvas").getContext("2d");
/** @type {Map<string, string>} */ let known = new Map();

/** @param {string} words @param {number} width_px @param {string} font as CSS has it @returns {string} */
export function fitMiddle(words, width_px, font) {
  if (!pen || !width_px) return words;
  const key = `${width_px} ${font} ${words}`;
  let cut = known.get(key);
  if (cut === undefined) {
    if (known.size > MOST) known = new Map();
    known.set(key, (cut = shorten(words, width_px, font, pen)));
  }
  return cut;
}

/** @param {string} words @param {number} width_px @param {string} font @param {CanvasRenderingContext2D} g */
function shorten(words, width_px, font, g) {
  if (g.font !== font) g.font = font;
  const fits = (/** @type {string} */ text) => g.measureText(text).width <= width_px;
  if (fits(words)) return words;
  const letters = [...words]; // not halves of one
  const tail = letters.slice(-TAIL).join("");
  let [low, high] = [0, letters.length - TAIL];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(`${letters.slice(0, middle).join("")}…${tail}`)) low = middle;
    else high = middle - 1;
  }
  return low < LEAST ? words : `${letters.slice(0, low).join("")}…${tail}`; // the style sheet cuts its end
}
