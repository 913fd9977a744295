// @ts-check
/** The head of the table: sort by a click (Shift adds a column), move by drag or keys, resize at the edge, and a menu for each column. */
import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { openMenu } from "../base/menu.js";
import { orderOf, sortOf, wordsOfOrder } from "../base/listing.js";
import { LEAST, kindOf, labelOf } from "./columns.js";

/** The order after a press: the first press sorts as one mostly wants it, the second turns it round, the third (of several) leaves it out.
 * @param {string} sort @param {string} key @param {boolean} adds */
export function nextSort(sort, key, adds) {
  const first = kindOf(key) === "num" && !key.includes(":") ? true : key === "age" || key === "duration" || key === "created";
  const order = orderOf(sort);
  const at = order.findIndex((each) => each.key === key);
  if (!adds) return sortOf([{ key, falling: at >= 0 && order.length === 1 ? !order[at].falling : first }]);
  if (at < 0) return sortOf([...order, { key, falling: first }]);
  if (order[at].falling === first) return sortOf(order.map((each, i) => (i === at ? { key, falling: !first } : each)));
  return sortOf(order.length > 1 ? order.filter((_, i) => i !== at) : order);
}

/** @param {any} table the TableView @param {string} key @param {{numeric: boolean, style: Record<string, string>, pin: boolean, index: number}} how */
export function headCell(table, key, { numeric, style, pin, index }) {
  const { state, columns } = table;
  const order = orderOf(state.get("sort"));
  const at = order.findIndex((each) => each.key === key);
  const falling = at >= 0 && order[at].falling !== (key === "age");
  const place = order.length > 1 && at >= 0 ? h("span", { class: "tk-sort-place" }, String(at + 1)) : null;
  const label = labelOf(key);
  const button = h("button", { class: "tk-head-sort", draggable: key === "name" ? undefined : "true", title: `${key.includes(":") ? key.replace(":", ": ") : label}\nClick to sort, Shift adds a column; Alt + arrows move it, with Shift they widen it` },
    h("span", { class: "tk-head-words" }, label), at >= 0 ? icon(falling ? "falling" : "up") : null, place);
  const more = h("button", { class: "tk-head-more", tabindex: "-1", title: `What to do with ${label}`, "aria-label": `What to do with the column ${label}`, "aria-haspopup": "listbox" }, icon("down"));
  const grip = h("span", { class: "tk-head-grip", "aria-hidden": "true" });
  const cell = h("th", { class: [numeric && "num", pin && "tk-pin", at >= 0 && "by"].filter(Boolean).join(" "), data: { key }, style, scope: "col", "aria-colindex": String(index), "aria-sort": at < 0 ? undefined : falling ? "descending" : "ascending" }, button, more, grip);
  button.addEventListener("click", (/** @type {MouseEvent} */ event) => state.set({ sort: nextSort(state.get("sort"), key, event.shiftKey) }));
  more.addEventListener("click", () => openColumn(table, key, more));
  cell.addEventListener("contextmenu", (/** @type {Event} */ event) => (event.preventDefault(), openColumn(table, key, more)));
  button.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.altKey && by) {
      event.preventDefault();
      event.stopPropagation();
      if (event.shiftKey) columns.resize(key, columns.width(key) + by * 16);
      else if (key === "name" || !columns.shift(key, by)) return;
      table.redraw();
      table.focusHead(key);
    } else if (event.key === "Delete" && key !== "name") columns.toggle(key);
    else if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) (event.preventDefault(), openColumn(table, key, more));
  });
  dragged(table, cell, button, key);
  resized(table, cell, grip, key);
  return cell;
}

/** @param {any} table @param {string} key @param {HTMLElement} at */
function openColumn(table, key, at) {
  const { state, columns } = table;
  const by = state.get("tableGroups") ?? [];
  const pinned = columns.pins().includes(key);
  const sort = (/** @type {boolean} */ falling) => state.set({ sort: sortOf([{ key, falling }]) });
  const group = (/** @type {string[]} */ next) => (columns.keep({ groups: next }), state.set({ tableGroups: next, tableFolds: [] }));
  const ways = kindOf(key) === "text" ? ["Sort a to z", "Sort z to a"] : ["Sort, smallest first", "Sort, largest first"];
  const way = (/** @type {boolean} */ falling) => (wordsOfOrder(key, falling) ? `Sort, ${wordsOfOrder(key, falling)}` : ways[Number(falling)]);
  /** @type {[string, string, () => any, string?][]} */
  const acts = [
    ["up", way(false), () => sort(key === "age")],
    ["falling", way(true), () => sort(key !== "age")],
    ["add", "Sort by it, too", () => state.set({ sort: nextSort(state.get("sort"), key, true) }), "Shift click"],
    ...(key === "name" || key === "age" ? [] : /** @type {any} */ ([by.includes(key) ? ["ungroup", "Do not group by it", () => group(by.filter((/** @type {string} */ each) => each !== key))] : ["group", by.length ? "Group by it, too" : "Group by it", () => group([...by, key])]])),
    ...(key === "name" ? [] : /** @type {any} */ ([
      ["pin", pinned ? "Let it scroll" : "Keep it in place", () => columns.pin(key)],
      ...(columns.canShift(key, -1) ? [["left", "Move left", () => columns.shift(key, -1), "Alt ←"]] : []),
      ...(columns.canShift(key, 1) ? [["right", "Move right", () => columns.shift(key, 1), "Alt →"]] : []),
      ["remove", "Remove the column", () => columns.toggle(key), "Delete"],
    ])),
  ];
  openMenu(at, { title: labelOf(key), items: acts.map(([value, label, , note]) => ({ value, label, note })), choose: (value) => acts.find(([each]) => each === value)?.[2]() });
}

/** Drag a head to another place. @param {any} table @param {HTMLElement} cell @param {HTMLElement} button @param {string} key */
function dragged(table, cell, button, key) {
  button.addEventListener("dragstart", (event) => {
    table.dragging = key;
    event.dataTransfer?.setData("text/plain", key);
    cell.classList.add("dragging");
  });
  button.addEventListener("dragend", () => {
    table.dragging = null;
    cell.classList.remove("dragging");
    for (const each of table.head.querySelectorAll(".drop-before, .drop-behind")) each.classList.remove("drop-before", "drop-behind");
  });
  const isBehind = (/** @type {DragEvent} */ event) => key === "name" || event.clientX > cell.getBoundingClientRect().left + cell.offsetWidth / 2;
  const place = (/** @type {DragEvent} */ event) => (table.dragging && table.dragging !== key ? table.columns.placeAt(table.dragging, key, isBehind(event)) : null);
  cell.addEventListener("dragover", (event) => {
    const can = place(event) !== null;
    if (can) event.preventDefault();
    cell.classList.toggle("drop-before", can && !isBehind(event));
    cell.classList.toggle("drop-behind", can && isBehind(event));
  });
  cell.addEventListener("dragleave", () => cell.classList.remove("drop-before", "drop-behind"));
  cell.addEventListener("drop", (event) => {
    const to = place(event);
    if (to === null) return;
    event.preventDefault();
    table.columns.move(table.dragging, to);
  });
}

/** Drag the edge of a head. @param {any} table @param {HTMLElement} cell @param {HTMLElement} grip @param {string} key */
function resized(table, cell, grip, key) {
  grip.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    grip.setPointerCapture(event.pointerId);
    const [from, width] = [event.clientX, cell.offsetWidth];
    const move = (/** @type {PointerEvent} */ now) => {
      table.columns.resize(key, Math.max(LEAST, width + now.clientX - from));
      table.redraw();
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", () => grip.removeEventListener("pointermove", move), { once: true });
  });
  grip.addEventListener("dblclick", () => (table.columns.resize(key, table.fitWidth(key)), table.redraw()));
}

