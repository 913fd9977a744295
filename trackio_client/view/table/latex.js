// @ts-check
/** What is listed as a LaTeX table with the lines of booktabs: a row an experiment, or a row a group with mean ± sd. */
import { BUT_SEED } from "../base/seeds.js";
import { kindOf, labelOf, readCell } from "./columns.js";

/** @type {Record<string, string>} */
const SIGNS = { "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", $: "\\$", "&": "\\&", "#": "\\#", "%": "\\%", _: "\\_", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}", ">": "\\textgreater{}", "|": "\\textbar{}", "–": "--", "…": "\\ldots{}", "±": "$\\pm$", "∞": "$\\infty$", "−": "$-$" };

/** @param {string} text */
export const escaped = (text) => text.replace(/[\r\n\t]+/g, " ").replace(/[\\{}$&#%_~^<>|–…±∞−]/g, (sign) => SIGNS[sign]);

/** A number as the page words it, in mathematics: "−1.5e−5" is $-1.5 \times 10^{-5}$. @param {string} words */
export function numeral(words) {
  const plain = words.replaceAll("−", "-");
  const [, digits, power] = /^(-?[\d,.]+)(?:e([+-]?\d+))?$/i.exec(plain) ?? [];
  if (digits === undefined) return escaped(words);
  const mantissa = digits.replaceAll(",", "{,}");
  if (power !== undefined) return `$${mantissa} \\times 10^{${Number(power)}}$`;
  return plain.startsWith("-") ? `$${mantissa}$` : mantissa;
}

/**
 * @param {string[]} keys columns, the name first
 * @param {{rows?: any[], groups?: import("./groups.js").Group[], by?: string[]}} what groups instead of rows
 * @param {import("./cells.js").Cells} cells how numbers are worded @param {{best?: boolean}} [how] the best of each column is bold
 */
export function latexOf(keys, { rows = [], groups, by = [] }, cells, { best = false } = {}) {
  const shown = groups ? keys.filter((key) => !by.includes(key) && kindOf(key) !== "time" && kindOf(key) !== "text" && cells.isNumeric(key)) : keys.filter((key) => key !== BUT_SEED);
  const bold = (/** @type {string} */ words, /** @type {boolean} */ is) => (best && is ? `\\textbf{${words}}` : words);
  const cell = (/** @type {any} */ row, /** @type {string} */ key) => {
    const words = cells.words(row, key);
    if (!cells.isNumeric(key) || typeof readCell(row, key) !== "number") return escaped(words);
    return bold(numeral(words), readCell(row, key) === cells.bestOf(key));
  };
  const figure = (/** @type {import("./groups.js").Group} */ group, /** @type {string} */ key) => {
    const found = cells.figuresOf(group, key);
    if (!found) return "--";
    const mean = bold(numeral(found.mean), found.value === cells.bestMean(key));
    return found.sd === null ? mean : `${mean} $\\pm$ ${numeral(found.sd)}`;
  };
  const way = (/** @type {string} */ key) => ({ min: " $\\downarrow$", max: " $\\uparrow$" })[cells.goalOf(key) ?? ""] ?? "";
  const head = shown.map((key) => `${escaped(labelOf(key))}${way(key)}`);
  const lines = groups
    ? [["", "$n$", ...head], ...groups.map((group) => [escaped(cells.nameOf(group, by, labelOf)), String(group.rows.length), ...shown.map((key) => figure(group, key))])]
    : [head, ...rows.map((row) => shown.map((key) => cell(row, key)))];
  const sides = groups ? `lr${"r".repeat(shown.length)}` : shown.map((key) => (cells.isNumeric(key) ? "r" : "l")).join("");
  // After a line's end "[" and "*" would be its arguments.
  const [first, ...rest] = lines.map((line) => `  ${/^[[*]/.test(line[0]) ? "{}" : ""}${line.join(" & ")} \\\\`);
  return [`% needs \\usepackage{booktabs}${groups ? "; mean and standard deviation of a sample" : ""}`, `\\begin{tabular}{${sides}}`, "  \\toprule", first, "  \\midrule", ...rest, "  \\bottomrule", "\\end{tabular}", ""].join("\n");
}
