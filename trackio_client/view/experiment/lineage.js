// @ts-check
/** Where artifacts come from and where they went, as a picture and as a list: experiments and versions, what made what, who used it. */

import { fill, h, text } from "../base/dom.js";
import { sign, stateWord } from "../base/icons.js";
import { remember, remembered } from "../base/remember.js";
import { plural } from "../base/words.js";
import { size } from "./checkpoints.js";
import { layered } from "./layers.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDE, HIGH, GAP_X, GAP_Y, EDGE] = [184, 44, 56, 12, 12];

/** @typedef {{id: string, kind: "experiment" | "artifact", name: string | null, project: string, distance: number, experiment_id?: string, state?: string | null, type?: string, version?: number | null, aliases?: string[], bytes?: number}} Node */

export class Lineage {
  /** @param {{open: (id: string) => void}} parts */
  constructor({ open }) {
    this.open = open;
    this.isList = remembered().lineageList === true;
    this.which = h("button", { class: "tk-btn sm", on: { click: () => this.#turn() } });
    this.note = h("span", { class: "tk-soft" });
    this.body = h("div", null);
    this.root = h("div", { class: "tk-lineage", hidden: true }, h("div", { class: "tk-lineage-head" }, h("h3", null, "Where it comes from and where it went"), this.note, h("span", { class: "tk-grow" }), this.which), this.body);
  }

  /** @param {string} id of the experiment in view @param {{nodes: Node[], edges: [string, string][], more: boolean} | null} graph */
  paint(id, graph) {
    this.root.hidden = !graph || graph.nodes.length < 2;
    if (!graph || this.root.hidden) return;
    const key = JSON.stringify(graph);
    if (key === this.key) return;
    [this.key, this.id, this.graph] = [key, id, graph];
    const kinds = (/** @type {string} */ kind) => graph.nodes.filter((node) => node.kind === kind).length;
    text(this.note, `${plural(kinds("experiment"), "experiment")}, ${plural(kinds("artifact"), "version")}${graph.more ? "; the nearest, there are more" : ""}`);
    this.draw();
  }

  #turn() {
    this.isList = !this.isList;
    remember({ lineageList: this.isList });
    this.draw();
  }

  draw() {
    text(this.which, this.isList ? "As a picture" : "As a list");
    const { nodes, edges } = /** @type {any} */ (this.graph);
    fill(this.body, this.isList ? listOf(nodes, edges, this.id) : this.#picture(nodes, edges));
  }

  /** @param {Node[]} nodes @param {[string, string][]} edges */
  #picture(nodes, edges) {
    const { placed, columns } = layered(nodes.map(({ id }) => id), edges);
    const most = Math.max(...columns.map((each) => each.length));
    const width = columns.length * (WIDE + GAP_X) - GAP_X + 2 * EDGE;
    const height = most * (HIGH + GAP_Y) - GAP_Y + 2 * EDGE;
    const at = (/** @type {string} */ id) => {
      const { column, row } = /** @type {any} */ (placed.get(id));
      return { x: EDGE + column * (WIDE + GAP_X), y: height / 2 + row * (HIGH + GAP_Y) - HIGH / 2, column, row };
    };
    const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Lineage: experiments and versions of artifacts, from left to right" });
    for (const [from, to] of edges) {
      const [a, b] = [at(from), at(to)];
      const back = b.x <= a.x;
      const [x1, x2] = [a.x + WIDE, b.x];
      const [y1, y2] = [a.y + HIGH / 2, b.y + HIGH / 2];
      const bend = back ? 60 : Math.max(24, (x2 - x1) / 2);
      picture.append(svg("path", { class: back ? "back" : "", d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 5} ${y2}m0 -3.5l5 3.5l-5 3.5`, "data-from": from, "data-to": to }));
    }
    const box = h("div", { class: "tk-lineage-picture", tabindex: "-1" });
    const cards = columns.flat().map((id) => {
      const node = /** @type {Node} */ (nodes.find((each) => each.id === id));
      const { x, y } = at(id);
      const card = this.#card(node);
      for (const [name, value] of Object.entries({ left: x, top: y, width: WIDE, height: HIGH })) card.style.setProperty(name, `${value}px`);
      card.dataset.id = id;
      const light = (/** @type {boolean} */ isOn) => {
        for (const path of /** @type {NodeListOf<SVGElement>} */ (picture.querySelectorAll("path"))) path.classList.toggle("near", isOn && (path.dataset.from === id || path.dataset.to === id));
      };
      for (const [name, isOn] of /** @type {[string, boolean][]} */ ([["pointerenter", true], ["pointerleave", false], ["focus", true], ["blur", false]])) card.addEventListener(name, () => light(isOn));
      return card;
    });
    const sheet = h("div", { class: "tk-lineage-sheet" });
    sheet.style.width = `${width}px`;
    sheet.style.height = `${height}px`;
    sheet.append(picture, ...cards);
    box.append(sheet);
    box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const way = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] })[event.key];
      const here = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.id;
      if (!way || !here) return;
      event.preventDefault();
      event.stopPropagation();
      neighbour(here, way, placed, cards)?.focus();
    });
    requestAnimationFrame(() => {
      const mine = at(/** @type {string} */ (this.id));
      box.scrollTo({ left: mine.x - box.clientWidth / 2 + WIDE / 2, top: mine.y - box.clientHeight / 2 });
    });
    return box;
  }

  /** @param {Node} node @returns {HTMLElement} */
  #card(node) {
    const isHere = node.id === this.id;
    const name = nameOf(node);
    if (node.kind === "experiment") {
      const words = [h("b", null, node.state ? sign(node.state, false) : null, h("span", null, name)), h("small", null, isHere ? "this experiment" : node.state ? stateWord(node.state) : "deleted")];
      const title = `${name}, experiment of ${node.project}${node.state ? `, ${stateWord(node.state)}` : ""}`;
      if (isHere || !node.state) return h("span", { class: `tk-node experiment${isHere ? " here" : " gone"}`, tabindex: "0", title, role: "img", "aria-label": title }, words);
      const link = h("a", { class: "tk-node experiment", href: `?${new URLSearchParams({ experiment: node.id })}`, title }, words);
      link.addEventListener("click", (/** @type {MouseEvent} */ event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.open(node.id);
      });
      return link;
    }
    const about = [node.type, typeof node.bytes === "number" && node.bytes ? size(node.bytes) : null, ...(node.aliases ?? [])].filter(Boolean).join(", ");
    const title = `${name}, ${about || "an artifact"}${node.project ? `, of ${node.project}` : ""}`;
    return h("span", { class: "tk-node artifact", tabindex: "0", title, role: "img", "aria-label": title }, h("b", null, h("span", null, name)), h("small", null, about || "artifact"));
  }
}

/** @param {Node} node */
function nameOf(node) {
  if (node.kind === "experiment") return node.name ?? node.id;
  return `${node.name}${node.version === null || node.version === undefined ? "" : `:${/^v/.test(String(node.version)) ? node.version : `v${node.version}`}`}`;
}

/** The nearest card in a direction. @param {string} here @param {[number, number]} way @param {Map<string, import("./layers.js").Placed>} placed @param {HTMLElement[]} cards */
function neighbour(here, [dx, dy], placed, cards) {
  const from = /** @type {any} */ (placed.get(here));
  let [best, least] = [/** @type {string | null} */ (null), Infinity];
  for (const { id, column, row } of placed.values()) {
    const [x, y] = [column - from.column, row - from.row];
    if (id === here || (dx && x * dx <= 0) || (dy && (x !== 0 || y * dy <= 0))) continue;
    const far = Math.abs(x) * 1000 + Math.abs(y);
    if (far < least) [best, least] = [id, far];
  }
  return cards.find((card) => card.dataset.id === best);
}

/** The same in words: a line a version. @param {Node[]} nodes @param {[string, string][]} edges @param {string | undefined} here */
function listOf(nodes, edges, here) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const link = (/** @type {string} */ id) => {
    const node = byId.get(id);
    if (!node) return id;
    return id === here ? "this experiment" : node.state ? h("a", { href: `?${new URLSearchParams({ experiment: id })}` }, nameOf(node)) : `${nameOf(node)} (deleted)`;
  };
  const all = (/** @type {string[]} */ ids) => (ids.length ? ids.map((id, i) => [i ? ", " : "", link(id)]) : "–");
  const versions = nodes.filter((node) => node.kind === "artifact").sort((a, b) => a.distance - b.distance);
  const row = (/** @type {Node} */ node) => h("tr", null,
    h("td", { title: nameOf(node) }, nameOf(node), " ", h("span", { class: "tk-soft" }, node.type ?? "")),
    h("td", null, all(edges.filter(([, to]) => to === node.id).map(([from]) => from))),
    h("td", null, all(edges.filter(([from]) => from === node.id).map(([, to]) => to))));
  return h("div", { class: "tk-panel-scroll", tabindex: "0", role: "region", "aria-label": "Lineage" }, h("table", { class: "tk-plain tk-lineage-list" }, h("thead", null, h("tr", null, ["version", "made by", "used by"].map((word) => h("th", { scope: "col" }, word)))), h("tbody", null, versions.map(row))));
}

/** @param {string} tag @param {Record<string, any>} props @returns {SVGElement} */
function svg(tag, props) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) if (value !== "") node.setAttribute(name, String(value));
  return node;
}
