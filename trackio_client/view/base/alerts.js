// @ts-check
/** How alerts are said and shown: a triangle in the colour of the gravest, with its words for who cannot see it. */
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { count, plural } from "./words.js";

const LEVELS = ["info", "warn", "error"];
const MOST = 99; // told beside a sign as a number

/** How grave: 0 info, 1 warn, 2 error; -1 of none. @param {string | null | undefined} level */
export const gravity = (level) => LEVELS.indexOf(level ?? "");

/** "3 alerts, the gravest an error". @param {{alert_count?: number, alert_level?: string | null}} row */
export function alertWords({ alert_count: told = 0, alert_level: level }) {
  if (!told) return "";
  const said = { info: "information", warn: "a warning", error: "an error" }[level ?? ""] ?? level;
  return told === 1 ? `1 alert: ${said}` : `${plural(told, "alert")}, the gravest ${said}`;
}

/** @param {string} level */
export function alertSign(level) {
  return h("span", { class: `tk-alert ${level}`, title: level }, icon("alert", level));
}

/** The sign of an experiment's alerts with their number, where there are several. @param {{alert_count?: number, alert_level?: string | null}} row */
export function alertsSign(row) {
  const words = alertWords(row);
  const told = row.alert_count ?? 0;
  return h("span", { class: `tk-alert ${row.alert_level}`, title: words }, icon("alert", words), told > 1 ? h("span", { class: "tk-alert-n", "aria-hidden": "true" }, told > MOST ? `${MOST}+` : count(told)) : null);
}
