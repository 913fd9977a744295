// @ts-check
/** A table that was logged: any number of rows in view a few dozen at a time, sorted, searched, copied; media in cells. */

import { size } from "../experiment/checkpoints.js";
import { eachFrame, fill, h, later, text } from "../base/dom.js";
import { csvOf, save } from "../base/files.js";
import { icon } from "../base/icons.js";
import { absent, addressOf, captionOf, file, fileName, textOf } from "./kinds.js";
import { picture } from "./image.js";
import { columnFormat, count, exact, plural, revived } from "../base/words.js";

const ROW = 32;
const ROW_PICTURE = 76;
const SPARE = 6;
const LONGEST = 300; // characters of a cell; hover has 2,000

/** @param {HTMLElement} stage @param {import("./kinds.js").Tools} tools @returns {import("./kinds.js").Medium} */
export function tables(stage, tools) {
  /** @type {{sort: string | null, search: string}} kept from step to step */ const kept = { sort: null, search: "" };
  return {
    async show(items) {
      const made = await Promise.all(items.map(async (item) => {
        const data = await dataOf(item, tools);
        const chart = data && item.chart ? (await import("./chart.js")).chartOf(item.chart, data, tools.name) : null;
        const table = data ? new Table(data, tools, kept, item).root : item.not_kept ? absent(item, tools) : file(item, tools);
        return h("figure", null, chart, chart ? h("details", { class: "tk-more-box" }, h("summary", null, plural(data?.rows.length ?? 0, "row")), table) : table, captionOf(item));
      }));
      fill(stage, made);
    },
  };
}

/** Names of the columns and the rows, which stand in the item or in its JSON file. @param {any} item @param {import("./kinds.js").Tools} tools @returns {Promise<{columns: string[], rows: any[][]} | null>} */
async function dataOf(item, tools) {
  if (!Array.isArray(item.columns)) return null;
  const columns = item.columns.map((/** @type {any} */ each) => String(each?.name ?? each));
  const rows = item.data ?? (item.file && addressOf(item, tools) ? JSON.parse(await textOf(item, tools)).data : null);
  return Array.isArray(rows) ? { columns, rows } : null;
}

/** @param {any} cell */
const isMedium = (cell) => cell !== null && typeof cell === "object" && typeof (Array.isArray(cell) ? cell[0] : cell)?.$media === "string";

/** @param {any} cell */
function words(cell) {
  const value = revived(cell);
  if (value === null || value === undefined) return "";
  if (isMedium(value)) return (Array.isArray(value) ? value : [value]).map((each) => each.caption ?? each.$media).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export class Table {
  /** @param {{columns: string[], rows: any[][]}} data @param {import("./kinds.js").Tools} tools @param {{sort: string | null, search: string}} kept @param {any} item */
  constructor({ columns, rows }, tools, kept, item) {
    Object.assign(this, { tools, kept });
    this.columns = columns;
    this.all = rows.map((cells, i) => ({ cells: Array.isArray(cells) ? cells : [cells], i }));
    this.rows = this.all;
    this.height = rows.slice(0, 50).some((cells) => Array.isArray(cells) && cells.some(isMedium)) ? ROW_PICTURE : ROW;
    this.formats = columns.map((_, j) => columnFormat(rows.slice(0, 500).map((cells) => revived(cells?.[j]))));
    this.isNumber = columns.map((_, j) => rows.length > 0 && rows.slice(0, 50).every((cells) => ["number", "undefined"].includes(typeof revived(cells?.[j])) || cells?.[j] === null));
    this.note = h("span", { class: "tk-soft", role: "status" });
    this.left = Math.max(0, (item.rows_given ?? 0) - rows.length);
    this.field = h("input", { type: "search", placeholder: "Search rows", "aria-label": `Search rows of ${tools.name}`, spellcheck: "false" });
    this.field.value = kept.search;
    this.field.addEventListener("input", later(() => ((kept.search = this.field.value), this.find()), 40));
    const csv = h("button", { class: "tk-btn sm", title: "Copy the listed rows as CSV" }, icon("copy"), "CSV");
    csv.addEventListener("click", () => this.copy(csv));
    this.head = h("thead", null);
    this.body = h("tbody", null);
    this.scroller = h("div", { class: "tk-table-box", tabindex: "0", role: "region", "aria-label": `Rows of ${tools.name}` }, h("table", { class: "tk-table tk-logged", "aria-label": tools.name, "aria-rowcount": String(rows.length) }, this.head, this.body));
    this.root = h("div", { class: "tk-logged-table" }, h("div", { class: "tk-logged-bar" }, this.note, h("span", { class: "tk-grow" }), h("label", { class: "tk-field sm", hidden: rows.length < 8 }, this.field), csv), this.scroller);
    this.scroller.style.height = `${Math.min(420, 40 + rows.length * this.height + 12)}px`;
    this.scroller.addEventListener("scroll", eachFrame(() => this.draw()), { passive: true });
    this.head.addEventListener("click", (/** @type {any} */ event) => {
      const at = event.target.closest("th")?.dataset.column;
      if (at === undefined) return;
      kept.sort = kept.sort === `${at}` ? `-${at}` : kept.sort === `-${at}` ? null : `${at}`;
      this.find();
    });
    this.find();
  }

  find() {
    const parts = this.kept.search.toLowerCase().split(/\s+/).filter(Boolean);
    this.rows = parts.length ? this.all.filter(({ cells }) => { const line = cells.map(words).join("\n").toLowerCase(); return parts.every((part) => line.includes(part)); }) : this.all;
    const { sort } = this.kept;
    const column = sort === null ? -1 : Number(sort.replace("-", ""));
    if (sort !== null && column < this.columns.length) {
      const way = sort.startsWith("-") ? -1 : 1;
      const key = (/** @type {any} */ row) => revived(row.cells[column]);
      this.rows = [...this.rows].sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        const [emptyX, emptyY] = [x === null || x === undefined || Number.isNaN(x), y === null || y === undefined || Number.isNaN(y)];
        if (emptyX || emptyY) return Number(emptyX) - Number(emptyY); // what is missing comes last, either way
        return way * (typeof x === "number" && typeof y === "number" ? x - y : words(x).localeCompare(words(y), undefined, { numeric: true })) || a.i - b.i;
      });
    }
    const listed = this.rows.length === this.all.length ? plural(this.all.length, "row") : `${count(this.rows.length)} of ${plural(this.all.length, "row")}`;
    text(this.note, `${listed}${this.left > 0 ? `; ${count(this.left)} more were logged and left out by the limit` : ""}`);
    this.drawHead(sort, column);
    this.scroller.scrollTop = 0;
    this.from = -1;
    this.draw();
  }

  /** @param {string | null} sort @param {number} column */
  drawHead(sort, column) {
    fill(this.head, h("tr", null, this.columns.map((name, j) => {
      const by = j === column;
      const falling = by && sort?.startsWith("-");
      return h("th", { class: [this.isNumber[j] ? "num" : "", by ? "by" : ""].join(" "), scope: "col", title: name, data: { column: String(j) }, "aria-sort": by ? (falling ? "descending" : "ascending") : null }, h("button", null, h("span", null, name), by ? icon(falling ? "falling" : "up") : null));
    })));
  }

  draw() {
    const from = Math.max(0, Math.floor(this.scroller.scrollTop / this.height) - SPARE);
    const to = Math.min(this.rows.length, from + Math.ceil((this.scroller.clientHeight || 420) / this.height) + 2 * SPARE);
    if (from === this.from && to === this.to) return;
    Object.assign(this, { from, to });
    const space = (/** @type {number} */ rows) => (rows > 0 ? h("tr", { class: "tk-space", "aria-hidden": "true" }, h("td", { colspan: this.columns.length || 1, style: { height: `${rows * this.height}px` } })) : null);
    fill(this.body, space(from), this.rows.slice(from, to).map(({ cells, i }) => h("tr", { "aria-rowindex": String(i + 1), style: { height: `${this.height}px` } }, this.columns.map((_, j) => this.cell(cells[j], j)))), space(this.rows.length - to));
    if (!this.rows.length) fill(this.body, h("tr", null, h("td", { colspan: this.columns.length || 1, class: "tk-soft" }, this.all.length ? `No row holds “${this.kept.search}”.` : "No row.")));
  }

  /** @param {any} cell @param {number} j */
  cell(cell, j) {
    const value = revived(cell);
    if (isMedium(value)) return h("td", { class: "tk-cell-medium" }, (Array.isArray(value) ? value : [value]).slice(0, 8).map((each) => this.medium(each)));
    if (typeof value === "number") return h("td", { class: "num", title: exact(value) }, this.formats[j](value));
    const said = words(value);
    return h("td", { class: typeof value === "object" && value !== null ? "tk-mono" : null, title: said.slice(0, 2000) || null }, value === null || value === undefined ? h("span", { class: "tk-soft" }, "–") : said.length > LONGEST ? `${said.slice(0, LONGEST)}…` : said);
  }

  /** @param {any} cell {"$media": kind, "file" …} */
  medium(cell) {
    const kind = String(cell.$media);
    const address = addressOf(cell, this.tools);
    if (cell.not_kept) return h("span", { class: "tk-soft", title: cell.not_kept }, `${kind}: not kept`);
    if (kind === "image" && address) return picture({ ...cell, width: undefined, height: undefined }, this.tools);
    if (kind === "audio" && address) return h("audio", { controls: true, preload: "none", src: address, "aria-label": cell.caption ?? "audio" });
    if (kind === "video" && address && !/^image/.test(cell.mime ?? "")) return h("video", { controls: true, preload: "none", src: address, "aria-label": cell.caption ?? "video" });
    const name = fileName(cell, this.tools.name);
    return address ? h("a", { href: addressOf(cell, this.tools, name), download: name }, `${cell.caption ?? "file"}${typeof cell.bytes === "number" ? `, ${size(cell.bytes)}` : ""}`) : words(cell);
  }

  /** @param {any} button */
  copy(button) {
    const plain = (/** @type {any} */ cell) => {
      const value = revived(cell);
      if (typeof value === "number") return value;
      return isMedium(value) ? (Array.isArray(value) ? value : [value]).map((each) => each.file ?? "").join(" ") : words(value);
    };
    const csv = csvOf([this.columns, ...this.rows.map(({ cells }) => this.columns.map((_, j) => plain(cells[j])))]);
    const done = () => {
      text(this.note, `${plural(this.rows.length, "row")} copied`);
    };
    const kept = () => save(`${this.tools.name || "table"}.csv`, "text/csv", csv); // clipboards are closed to pages without https
    if (!navigator.clipboard) return kept();
    return void navigator.clipboard.writeText(csv).then(done, kept);
  }
}

