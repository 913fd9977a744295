// @ts-check
/** Files that a reader takes away: how a page gives one, and tables as CSV. */
import { h } from "./dom.js";

const KEPT_MS = 60_000; // a browser may ask where to before it reads

/** A file for the reader's folder of downloads. @param {string} name @param {string} type @param {BlobPart[]} content */
export function save(name, type, ...content) {
  const address = URL.createObjectURL(new Blob(content, { type }));
  h("a", { href: address, download: plainName(name) }).click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}

/** A file's name that every system takes. @param {string} name */
const plainName = (name) => name.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/-+\./g, ".").replace(/^[-.]+/, "").slice(-120) || "file";

/** Lines of cells as CSV (RFC 4180). @param {any[][]} lines */
export const csvOf = (lines) => lines.map((line) => line.map(field).join(",")).join("\r\n");

/** One that a spreadsheet would run as a formula gets an apostrophe. @param {any} value */
function field(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const words = typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = /^[=+\-@\t\r]/.test(words) ? `'${words}` : words;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
