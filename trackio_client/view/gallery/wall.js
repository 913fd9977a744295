// @ts-check
/** Cells of media on the page: filled when they come into view, walked with the arrow keys, one opened large. */

import { swatchOf } from "../base/colors.js";
import { fill, h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { contentsOf } from "../data/contents.js";
import { mediumOf } from "../media/kinds.js";
import { count, plural } from "../base/words.js";
import { firstOf, stepWords } from "./cells.js";
import { Large } from "./large.js";

const PAGE = 60;
const AHEAD = "300px";
const FEW = 4; // items of one step in a cell; all of them in the large view
const KEPT = 600; // contents held

export class Wall {
  /** @param {HTMLElement} root @param {{source: any, open?: (id: string) => void}} parts without `open` experiments have no page here */
  constructor(root, { source, open }) {
    this.root = root;
    this.source = source;
    this.openOne = open;
    this.most = PAGE;
    this.key = "";
    /** @type {import("./cells.js").Section[]} */ this.sections = [];
    /** @type {{key: string, cell: import("./cells.js").Cell, node: HTMLElement, button: any, stage: HTMLElement, isSeen: boolean}[]} in the order of the page */ this.placed = [];
    /** @type {Map<string, Promise<any>>} contents by writer and number of the first part */ this.held = new Map();
    /** @type {Map<string, {parts: any[], done: (content: any) => void, failed: (error: any) => void}>} */ this.wanted = new Map();
    this.large = new Large(this);
    this.more = h("button", { class: "tk-btn tk-more", hidden: true, on: { click: () => ((this.most += PAGE), this.draw()) } });
    this.body = h("div", { class: "tk-wall" });
    this.body.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.walk(event));
    fill(root, this.body, this.more);
    this.sight = new IntersectionObserver((seen) => {
      for (const { isIntersecting, target } of seen) if (isIntersecting) this.see(/** @type {HTMLElement} */ (target));
    }, { rootMargin: AHEAD });
  }

  /** @param {import("./cells.js").Section[]} sections @param {string} way what was chosen: another begins at its first page */
  paint(sections, way) {
    if (way !== this.way) this.most = PAGE;
    this.way = way;
    this.sections = sections;
    this.draw();
  }

  draw() {
    const { sections, left } = firstOf(this.sections, this.most);
    const key = JSON.stringify([sections.map(({ title, columns, cells }) => [title, columns, cells.map((cell) => [cell.row.id, cell.row.name, cell.row.color, cell.name, cell.entry && keyOf(cell.entry)])])]);
    this.more.hidden = !left;
    this.more.textContent = `Show ${count(Math.min(PAGE, left))} more of ${count(left)}`;
    if (key === this.key) return;
    this.key = key;
    const at = this.placed.find(({ button }) => button === document.activeElement)?.cell;
    this.sight.disconnect();
    // A cell that stays is not made again: a slider changes few of them, and pictures do not blink.
    /** @type {Map<string, any>} */ this.before = new Map(this.placed.map((place) => [place.key, place]));
    this.placed = [];
    fill(this.body, sections.map((section) => this.section(section)));
    for (const { medium } of this.before.values()) medium?.close?.();
    const again = at && this.placed.find(({ cell }) => cell.row.id === at.row.id && cell.name === at.name);
    this.roving(again ?? this.placed.find(({ cell }) => cell.entry));
    again?.button.focus({ preventScroll: true });
    for (const { node, cell, isSeen } of this.placed) if (cell.entry && !isSeen) this.sight.observe(node);
  }

  /** @param {import("./cells.js").Section} section */
  section({ title, columns, rows, cells }) {
    const head = title ? h("h2", { class: "tk-wall-title" }, h("span", { title }, title), " ", h("span", { class: "tk-section-count" }, columns ? plural(rows.length, "experiment") : plural(cells.length, "experiment"))) : null;
    if (!columns) return h("section", { class: "tk-wall-section", "aria-label": title || "Media" }, head, h("div", { class: "tk-wall-flow" }, cells.map((cell) => this.cell(cell, true))));
    const table = h("table", { class: "tk-wall-table", "aria-label": title || "Media" },
      h("thead", null, h("tr", null, h("th", { scope: "col" }, "experiment"), columns.map((word) => h("th", { scope: "col", title: word }, word)))),
      h("tbody", null, rows.map((row) => h("tr", null, h("th", { scope: "row" }, this.name(row.row)), row.cells.map((cell) => h("td", null, this.cell(cell, false)))))));
    return h("section", { class: "tk-wall-section", "aria-label": title || "Media" }, head, h("div", { class: "tk-wall-scroll", tabindex: "0", role: "region", "aria-label": title || "Media by name" }, table));
  }

  /** @param {any} row */
  name(row) {
    const inside = [h("i", { class: "tk-swatch", style: { background: swatchOf(row.color) } }), h("span", null, row.name)];
    if (!this.openOne) return h("div", { class: "tk-wall-name", title: row.name }, inside);
    return h("button", { class: "tk-wall-name", title: `${row.name}: open the experiment`, on: { click: () => this.openOne?.(row.id) } }, inside);
  }

  /** @param {import("./cells.js").Cell} cell @param {boolean} isNamed */
  cell(cell, isNamed) {
    const key = JSON.stringify([cell.row.id, cell.row.name, cell.row.color, cell.name, cell.entry && keyOf(cell.entry), isNamed]);
    const kept = this.before?.get(key);
    if (kept) {
      this.before?.delete(key);
      kept.cell = cell;
      this.placed.push(kept);
      return kept.node;
    }
    const words = stepWords(cell);
    const stage = h("div", { class: "tk-cell-stage" }, cell.entry ? null : h("p", { class: "tk-soft tk-cell-none" }, "nothing here up to this step"));
    const button = cell.entry ? h("button", { class: "tk-cell-open", tabindex: "-1", title: "Open large (Enter)", "aria-label": `${cell.name}, ${cell.row.name}, ${words}: open large` }, h("span", null, words, cell.entry.items > 1 ? `, ${plural(cell.entry.items, "item")}` : ""), icon("expand")) : null;
    const node = h("div", { class: `tk-cell ${cell.entry ? "" : "none"}`, data: { media: cell.entry?.media ?? "" } }, isNamed ? this.name(cell.row) : null, stage, button);
    if (!cell.entry && !isNamed) stage.firstChild.textContent = "–";
    const place = { key, cell, node, button, stage, isSeen: false };
    this.placed.push(place);
    button?.addEventListener("click", () => this.large.show(place.cell, 0));
    // A picture is opened in our large view, from which one goes on to its neighbours.
    stage.addEventListener("click", (/** @type {any} */ event) => {
      const picture = event.target.closest(".tk-picture");
      if (!picture || cell.entry?.media !== "image") return;
      event.stopPropagation();
      event.preventDefault();
      this.large.show(place.cell, [...stage.querySelectorAll(".tk-picture")].indexOf(picture));
    }, true);
    return node;
  }

  // Filling

  /** @param {HTMLElement} node */
  async see(node) {
    this.sight.unobserve(node);
    const place = /** @type {any} */ (this.placed.find((each) => each.node === node));
    if (!place) return;
    place.isSeen = true;
    const { cell, stage } = place;
    try {
      const { items } = await this.content(cell);
      const tools = this.tools(cell);
      place.medium = await mediumOf(cell.entry.media, stage, tools);
      const few = items.slice(0, FEW);
      await place.medium.show(few, cell.entry);
      for (const picture of stage.querySelectorAll(".tk-picture")) picture.setAttribute("tabindex", "-1"); // the cell's own button is the one stop
      for (const words of stage.querySelectorAll("figcaption")) words.title = words.textContent ?? ""; // two lines of it are shown
      if (items.length > FEW) stage.append(h("p", { class: "tk-soft tk-cell-more" }, `and ${count(items.length - FEW)} more`));
    } catch (error) {
      fill(stage, h("p", { class: "tk-soft tk-cell-none" }, `This did not come: ${/** @type {Error} */ (error).message}`));
    }
  }

  /** @param {import("./cells.js").Cell} cell @returns {any} */
  tools(cell) {
    return { source: this.source, name: cell.name, content: () => this.content(cell) };
  }

  /** What a cell holds; those asked for in one moment come in one answer. @param {import("./cells.js").Cell} cell @returns {Promise<{items: any[]}>} */
  content(cell) {
    const entry = /** @type {import("./cells.js").Step} */ (cell.entry);
    const key = keyOf(entry);
    let held = this.held.get(key);
    if (!held) {
      held = new Promise((done, failed) => {
        if (!this.wanted.size) setTimeout(() => this.ask(), 30);
        this.wanted.set(key, { parts: entry.parts.map((part) => ({ experiment: cell.row.id, entry: part })), done, failed });
      });
      held.catch(() => this.held.delete(key));
      this.held.set(key, held);
      if (this.held.size > KEPT) this.held.delete(/** @type {string} */ (this.held.keys().next().value));
    }
    return held;
  }

  async ask() {
    const asked = [...this.wanted.values()];
    this.wanted.clear();
    try {
      const found = await contentsOf(this.source, asked.flatMap(({ parts }) => parts));
      let at = 0;
      for (const { parts, done, failed } of asked) {
        const held = found.slice(at, (at += parts.length)).filter(Boolean);
        if (held.length) done({ items: held.flatMap((part) => part.items ?? []) });
        else failed(new Error("it is not here any more."));
      }
    } catch (error) {
      for (const { failed } of asked) failed(error);
    }
  }

  // Walking

  /** The one cell that Tab reaches. @param {any} place */
  roving(place) {
    for (const { button } of this.placed) button?.setAttribute("tabindex", "-1");
    place?.button?.setAttribute("tabindex", "0");
  }

  /** @param {KeyboardEvent} event */
  walk(event) {
    const there = this.placed.filter(({ button }) => button);
    const at = there.findIndex(({ button }) => button === event.target);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: there.length - 1, ArrowUp: this.below(there, at, -1), ArrowDown: this.below(there, at, 1) }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const place = there[Math.max(0, Math.min(there.length - 1, next))];
    this.roving(place);
    place.button.focus();
    place.node.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** The cell nearest below or above. @param {any[]} there @param {number} at @param {1 | -1} by */
  below(there, at, by) {
    const boxOf = (/** @type {number} */ i) => there[i].node.getBoundingClientRect();
    const here = boxOf(at);
    /** @type {number | null} */ let top = null;
    let [best, least] = [at, Infinity];
    for (let i = at + by; i >= 0 && i < there.length; i += by) {
      const box = boxOf(i);
      if ((box.top - here.top) * by < 8) continue;
      top ??= box.top;
      if (Math.abs(box.top - top) > 8) break;
      const far = Math.abs(box.left - here.left);
      if (far < least) [best, least] = [i, far];
    }
    return best;
  }

  close() {
    this.sight.disconnect();
    this.large.close();
  }
}

/** @param {import("./cells.js").Step} entry */
const keyOf = ({ parts }) => parts.map((part) => `${part.writer_id} ${part.seq}`).join("\n");
