// @ts-check
/** Texts for the clipboard, in the forms that programs read: JSON, YAML, flags of a command line, tables. */

import { h } from "../base/dom.js";
import { icon } from "../base/icons.js";
import { openMenu } from "../base/menu.js";
import { copy } from "../base/notices.js";
import { revived } from "../base/words.js";

/** A button that asks in which form to copy. @param {string} title @param {Record<string, () => string>} forms by their names */
export function copyMenu(title, forms) {
  const button = h("button", { class: "tk-btn sm icon", title, "aria-label": title, "aria-haspopup": "listbox", "aria-expanded": "false" }, icon("copy"));
  button.addEventListener("click", () => openMenu(button, { title, items: Object.keys(forms).map((value) => ({ value, label: value })), choose: (value) => copy(forms[value](), button) }));
  return button;
}

/** NaN and infinities as Python's json writes and reads them. @param {any} value */
export const json = (value) => JSON.stringify(value, (_, each) => (each && typeof each === "object" && "$float" in each ? `\u0000${each.$float}\u0000` : each), 2).replace(/"\\u0000(NaN|-?Infinity)\\u0000"/g, "$1");

const PLAIN = /^[A-Za-z_/][\w ./@+-]*$/;
const WORDS = /^(true|false|yes|no|on|off|null|y|n|~)$/i; // that YAML 1.1 takes for something else

/** @param {any} value @param {number} [depth] @returns {string} */
export function yaml(value, depth = 0) {
  const [known, pad] = [revived(value), "  ".repeat(depth)];
  if (typeof known === "number" && !Number.isFinite(known)) return Number.isNaN(known) ? ".nan" : known > 0 ? ".inf" : "-.inf";
  // YAML 1.1 wants a point in a number with an exponent: PyYAML reads "1e-05" as a text.
  if (typeof value === "number") return /^-?\d+e/.test(String(value)) ? String(value).replace("e", ".0e") : String(value);
  if (typeof value === "string") return PLAIN.test(value) && !WORDS.test(value) && value === value.trim() ? value : JSON.stringify(value);
  if (value === null || typeof value !== "object") return String(value);
  const inner = (/** @type {any} */ each) => {
    const nested = each && typeof each === "object" && !("$float" in each) && Object.keys(each).length && !(Array.isArray(each) && each.every((one) => one === null || typeof one !== "object"));
    return nested ? `\n${yaml(each, depth + 1)}` : ` ${yaml(each, depth + 1)}`;
  };
  if (Array.isArray(value)) {
    if (value.every((each) => each === null || typeof each !== "object")) return `[${value.map((each) => yaml(each)).join(", ")}]`;
    return value.map((each) => `${pad}-${inner(each)}`).join("\n");
  }
  const entries = Object.entries(value);
  return entries.length ? entries.map(([key, each]) => `${pad}${yaml(key)}:${inner(each)}`).join("\n") : "{}";
}

/** "it's" as a POSIX shell reads it. @param {string} words */
export const quoted = (words) => (/^[\w./:@%+=,-]+$/.test(words) ? words : `'${words.replaceAll("'", `'\\''`)}'`);

/** As argparse and HfArgumentParser take them; what is None is left out. @param {[string, any][]} entries dotted names */
export function flags(entries) {
  const word = (/** @type {any} */ value) => {
    const known = revived(value);
    if (typeof known === "number" && !Number.isFinite(known)) return Number.isNaN(known) ? "nan" : known > 0 ? "inf" : "-inf";
    return typeof value === "boolean" ? (value ? "True" : "False") : typeof value === "object" ? JSON.stringify(value) : String(value);
  };
  const told = entries.filter(([, value]) => value !== null && value !== undefined && !(Array.isArray(value) && !value.length));
  return told.map(([name, value]) => `--${quoted(name)} ${(Array.isArray(value) ? value : [value]).map((each) => quoted(word(each))).join(" ")}`).join(" \\\n");
}

/** Rows for a spreadsheet: cells parted by tabs. @param {any[][]} rows */
export const tabbed = (rows) => rows.map((row) => row.map((cell) => String(cell ?? "").replace(/[\t\n\r]+/g, " ")).join("\t")).join("\n");

/** A table in Markdown, for an issue or a model card. @param {any[][]} rows  the first: names */
export const inMarkdown = (rows) => rows.map((row, i) => `| ${row.map((cell) => String(cell ?? "").replaceAll("|", "\\|").replace(/[\n\r]+/g, " ")).join(" | ")} |${i ? "" : `\n|${row.map((_, j) => (j ? "---:" : "---")).join("|")}|`}`).join("\n");
