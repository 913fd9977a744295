// @ts-check
/**
 * A drawing context that writes SVG: what the charts paint on a canvas becomes paths and texts, so that a chart's vectors
 * come from the code that paints it on the screen. Knows what these charts use of CanvasRenderingContext2D, and throws for
 * nothing: what it does not know is left out.
 */

const CIRCLE = 2 * Math.PI - 1e-3;
const ANCHORS = { left: "start", start: "start", center: "middle", right: "end", end: "end" };
const CHANGING = ["fillStyle", "strokeStyle", "lineWidth", "lineJoin", "lineCap", "globalAlpha", "font", "textAlign", "textBaseline"];

/** @type {CanvasRenderingContext2D | null} */ let ruler = null;

/** Text as XML takes it: no markup, and none of the characters that XML has no way to hold. @param {any} text */
export function escaped(text) {
  const plain = String(text).toWellFormed?.() ?? String(text);
  return plain.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** Two decimals: a hundredth of a pixel is seen by nobody. @param {number} v */
const px = (v) => String(Math.round(v * 100) / 100);

/** "rgb(1, 2, 3)" → "#010203": shorter, and read by every program. @param {string} color @returns {{color: string, alpha: number}} */
export function plainColor(color) {
  const found = /^rgba?\(([\d.]+)[, ]+([\d.]+)[, ]+([\d.]+)(?:[, /]+([\d.]+))?\)$/.exec(color);
  if (!found) return { color: escaped(color), alpha: 1 };
  const hex = found.slice(1, 4).map((part) => Math.round(Number(part)).toString(16).padStart(2, "0")).join("");
  return { color: `#${hex}`, alpha: found[4] === undefined ? 1 : Number(found[4]) };
}

export class SvgContext {
  /** @param {string} [prefix] of ids, where several recordings stand in one file */
  constructor(prefix = "c") {
    this.prefix = prefix;
    this.fillStyle = this.strokeStyle = "#000000";
    this.lineWidth = this.globalAlpha = 1;
    this.lineJoin = "miter";
    this.lineCap = "butt";
    this.font = "10px sans-serif";
    this.textAlign = "start";
    this.textBaseline = "alphabetic";
    /** @type {number[]} */ this.dash = [];
    this.x = this.y = 0; // translated by
    /** @type {string | null} */ this.clipped = null;
    /** @type {any[]} */ this.stack = [];
    this.d = "";
    this.clear();
  }

  clear() {
    /** @type {string[]} */ this.out = [];
    /** @type {string[]} */ this.defs = [];
  }

  save() {
    this.stack.push([CHANGING.map((key) => /** @type {any} */ (this)[key]), this.dash, this.x, this.y, this.clipped]);
  }

  restore() {
    const held = this.stack.pop();
    if (!held) return;
    CHANGING.forEach((key, i) => (/** @type {any} */ (this)[key] = held[0][i]));
    [, this.dash, this.x, this.y, this.clipped] = held;
  }

  /** The scale of a canvas is pixels a CSS pixel: vectors have none. @param {number} _a @param {number} _b @param {number} _c @param {number} _d @param {number} e @param {number} f */
  setTransform(_a, _b, _c, _d, e, f) {
    this.x = e;
    this.y = f;
  }

  /** @param {number} x @param {number} y */
  translate(x, y) {
    this.x += x;
    this.y += y;
  }

  scale() {}

  clearRect() {
    this.clear();
  }

  // Paths

  beginPath() {
    this.d = "";
  }

  /** @param {number} x @param {number} y */
  moveTo(x, y) {
    this.d += `M${px(x + this.x)} ${px(y + this.y)}`;
  }

  /** @param {number} x @param {number} y */
  lineTo(x, y) {
    this.d += `${this.d ? "L" : "M"}${px(x + this.x)} ${px(y + this.y)}`;
  }

  /** @param {number} a @param {number} b @param {number} x @param {number} y */
  quadraticCurveTo(a, b, x, y) {
    this.d += `Q${px(a + this.x)} ${px(b + this.y)} ${px(x + this.x)} ${px(y + this.y)}`;
  }

  /** @param {number} a @param {number} b @param {number} c @param {number} d @param {number} x @param {number} y */
  bezierCurveTo(a, b, c, d, x, y) {
    this.d += `C${px(a + this.x)} ${px(b + this.y)} ${px(c + this.x)} ${px(d + this.y)} ${px(x + this.x)} ${px(y + this.y)}`;
  }

  closePath() {
    this.d += "Z";
  }

  /** @param {number} x @param {number} y @param {number} w @param {number} h */
  rect(x, y, w, h) {
    this.d += `M${px(x + this.x)} ${px(y + this.y)}h${px(w)}v${px(h)}h${px(-w)}Z`;
  }

  roundRect(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) {
    this.rect(x, y, w, h);
  }

  /** @param {number} x @param {number} y @param {number} r @param {number} from @param {number} to @param {boolean} [counter] */
  arc(x, y, r, from, to, counter = false) {
    const at = (/** @type {number} */ angle) => `${px(x + this.x + r * Math.cos(angle))} ${px(y + this.y + r * Math.sin(angle))}`;
    if (Math.abs(to - from) >= CIRCLE) {
      this.d += `M${px(x + this.x - r)} ${px(y + this.y)}a${px(r)} ${px(r)} 0 1 0 ${px(2 * r)} 0a${px(r)} ${px(r)} 0 1 0 ${px(-2 * r)} 0`;
      return;
    }
    this.d += `${this.d ? "L" : "M"}${at(from)}A${px(r)} ${px(r)} 0 ${Math.abs(to - from) > Math.PI ? 1 : 0} ${counter ? 0 : 1} ${at(to)}`;
  }

  /** @param {any} [path] a Path2D cannot be read: nothing is drawn of it */
  stroke(path) {
    if (path || !this.d) return;
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.join(" ")}"` : "";
    const join = this.lineJoin === "miter" ? "" : ` stroke-linejoin="${this.lineJoin}"`;
    this.#put("path", `d="${this.d}" fill="none" stroke-width="${px(this.lineWidth)}"${join}${dash} ${this.#paint("stroke", this.strokeStyle)}`);
  }

  /** @param {any} [path] */
  fill(path) {
    if (typeof path === "object" || !this.d) return;
    this.#put("path", `d="${this.d}" ${this.#paint("fill", this.fillStyle)}`);
  }

  clip() {
    const id = `${this.prefix}${this.defs.length}`;
    this.defs.push(`<clipPath id="${id}"><path d="${this.d}"/></clipPath>`);
    this.clipped = id;
  }

  /** @param {number} x @param {number} y @param {number} w @param {number} h */
  fillRect(x, y, w, h) {
    this.#put("rect", `x="${px(x + this.x)}" y="${px(y + this.y)}" width="${px(w)}" height="${px(h)}" ${this.#paint("fill", this.fillStyle)}`);
  }

  /** @param {number} x @param {number} y @param {number} w @param {number} h */
  strokeRect(x, y, w, h) {
    this.#put("rect", `x="${px(x + this.x)}" y="${px(y + this.y)}" width="${px(w)}" height="${px(h)}" fill="none" stroke-width="${px(this.lineWidth)}" ${this.#paint("stroke", this.strokeStyle)}`);
  }

  /** @param {number[]} dash */
  setLineDash(dash) {
    this.dash = [...dash];
  }

  getLineDash() {
    return [...this.dash];
  }

  // Texts

  /** @param {string} text @param {number} x @param {number} y */
  fillText(text, x, y) {
    this.#text(text, x, y, this.#paint("fill", this.fillStyle));
  }

  /** @param {string} text @param {number} x @param {number} y */
  strokeText(text, x, y) {
    this.#text(text, x, y, `fill="none" stroke-width="${px(this.lineWidth)}" stroke-linejoin="round" ${this.#paint("stroke", this.strokeStyle)}`);
  }

  /** @param {string} text */
  measureText(text) {
    ruler ??= document.createElement("canvas").getContext("2d");
    const g = /** @type {CanvasRenderingContext2D} */ (ruler);
    g.font = this.font;
    return g.measureText(text);
  }

  drawImage() {}

  /** @param {string} text @param {number} x @param {number} y @param {string} paint */
  #text(text, x, y, paint) {
    const [, weight = "400", size = "12", family = "sans-serif"] = /^(?:(\d{3}|bold)\s+)?([\d.]+)px(?:\/[\w.]+)?\s+(.+)$/.exec(this.font) ?? [];
    // dominant-baseline is read by browsers alone: the middle of small letters lies 0.35 em above the baseline.
    const down = this.textBaseline === "middle" ? 0.35 * Number(size) : this.textBaseline === "top" ? 0.8 * Number(size) : 0;
    const anchor = ANCHORS[/** @type {keyof typeof ANCHORS} */ (this.textAlign)] ?? "start";
    this.#put("text", `x="${px(x + this.x)}" y="${px(y + this.y + down)}" font-family="${escaped(family.replaceAll('"', "'"))}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" xml:space="preserve" ${paint}`, escaped(text));
  }

  /** @param {"fill" | "stroke"} what @param {any} style */
  #paint(what, style) {
    const { color, alpha } = plainColor(String(style));
    const seen = alpha * this.globalAlpha;
    return `${what}="${color}"${seen < 1 ? ` ${what}-opacity="${px(seen)}"` : ""}`;
  }

  /** @param {string} tag @param {string} attributes @param {string} [content] */
  #put(tag, attributes, content) {
    const clip = this.clipped ? ` clip-path="url(#${this.clipped})"` : "";
    this.out.push(content === undefined ? `<${tag} ${attributes}${clip}/>` : `<${tag} ${attributes}${clip}>${content}</${tag}>`);
  }
}
