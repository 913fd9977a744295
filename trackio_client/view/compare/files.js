// @ts-check
/** Files that a reader takes away. */
import { h } from "../base/dom.js";

/** @param {string} name @param {string} type @param {string} content */
export function save(name, type, content) {
  const link = h("a", { href: URL.createObjectURL(new Blob([content], { type })), download: name.replace(/[/\\]/g, "-") });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {any[][]} lines */
export const csvOf = (lines) => lines.map((line) => line.map(field).join(",")).join("\r\n");

/** One that a spreadsheet would run as a formula gets an apostrophe. @param {any} value */
function field(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const words = typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = /^[=+\-@\t\r]/.test(words) ? `'${words}` : words;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
