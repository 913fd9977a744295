// @ts-check
/**
 * Colours of series. An experiment keeps its hue (by its place in the order of creation within the project), so it has
 * the same on every page and for every reader. What shares a hue and is drawn together differs by dashes, then by shade:
 * 120 lines before two look alike. Who is alone with its hue is solid, in a project of a thousand as in one of ten.
 *
 * The palettes keep the hues of the design; the light one moved numbers 2, 3, 4, 5, 6, 8 and 10 down in OKLCH lightness
 * until each reaches 3:1 on the light ground (#f6f7f9). page.css holds the same values as --s1 … --s10.
 */
export const PALETTE = {
  light: ["#4269d0", "#b68504", "#ec614c", "#429d89", "#34a24a", "#d96895", "#a463f2", "#6d8fc6", "#9c6b4e", "#8a8e96"],
  dark: ["#7192ee", "#efb118", "#ff7f6b", "#6cc5b0", "#4fc067", "#ff8ab7", "#b884f7", "#97bbf5", "#c08a68", "#a4a9b2"],
};

/** Dashes by round of the palette, in CSS pixels: solid, dashed, dotted, dash-dot; then they repeat. */
const DASHES = [[], [6, 3], [2, 2.5], [8, 3, 2, 3]];

export const HUES = PALETTE.light.length;
const SHADES = ["", "-deep", "-far"]; // after all dashes of all hues

/** The number of an experiment's colour: its hue, and how many of that hue are drawn before it.
 * @param {number} order its place in the order of creation @param {number} before @returns {number} */
export const colorOf = (order, before) => (order % HUES) + HUES * before;

/** The CSS variable that holds colour number `index` (0, 1, 2 …).
 * @param {number} index @returns {string} "--s1" … "--s10", "--s1-deep" … */
export const variableOf = (index) => `--s${(index % HUES) + 1}${SHADES[Math.floor(index / (HUES * DASHES.length)) % SHADES.length]}`;

/** The first pattern of each hue for readers who do not tell all hues: those that look alike to somebody with one kind of
 * cone missing (CIE76 difference below 13 after Machado 2009) have different ones. */
const APART = [0, 0, 0, 0, 1, 1, 2, 3, 2, 2];

/** @param {number} index @param {boolean} [apart] hues that look alike to the colour-blind differ by dashes, too
 * @returns {number[]} dash pattern in CSS pixels, empty for a solid line */
export const dashOf = (index, apart = false) => DASHES[(Math.floor(index / HUES) + (apart ? APART[index % HUES] : 0)) % DASHES.length];

/** A swatch's background, dashed where the line is. @param {number} index */
export function swatchOf(index) {
  const color = `var(${variableOf(index)})`;
  return dashOf(index).length ? `repeating-linear-gradient(90deg, ${color} 0 4px, transparent 4px 6px)` : color;
}

/** Colours as the page has them now: reads CSS variables once, forgets them when the theme changes. */
export class Ink {
  constructor() {
    /** @type {Map<string, string>} */
    this.known = new Map();
    this.font = "12px system-ui, sans-serif";
  }

  /** @param {string} name a CSS variable, as "--text" */
  of(name) {
    let color = this.known.get(name);
    if (color === undefined) {
      const probe = document.createElement("i");
      probe.style.cssText = `display:none;color:var(${name})`;
      document.documentElement.append(probe);
      color = getComputedStyle(probe).color;
      probe.remove();
      this.known.set(name, color);
    }
    return color;
  }

  /** Forget what was read, after a change of theme. The page's font is not the body's where Gradio gives that its own. */
  forget() {
    this.known.clear();
    this.font = `12px ${getComputedStyle(document.querySelector(".tk") ?? document.body).fontFamily}`;
  }
}
