// @ts-check
/** Times whose words stay true on a page that is open for long: "14:03" is of today until midnight only, "3 min ago" for a minute. */
import { h, text } from "./dom.js";
import { age, clock, iso } from "./words.js";

const EVERY_MS = 15_000;

/** How a time is said. @type {Record<string, (time_s: number, now_s: number) => string>} */
const SAYS = {
  clock,
  ago: (time_s, now_s) => `${age(now_s - time_s)} ago`,
  left: (time_s, now_s) => age(time_s - now_s),
};

let isSaid = false;

/** A time of a list that nobody draws anew: its words follow the clock by themselves.
 * @param {number} time_s @param {"clock" | "ago" | "left"} [as] @param {number} [now_s] the server's, where that is known: ages are told by it */
export function when(time_s, as = "clock", now_s = Date.now() / 1000) {
  const node = h("time", { data: { as, time: String(time_s), ahead: String(now_s - Date.now() / 1000) } });
  say(node);
  if (!isSaid) {
    isSaid = true;
    setInterval(() => document.hidden || sayAll(), EVERY_MS);
    document.addEventListener("visibilitychange", () => document.hidden || sayAll());
  }
  return node;
}

/** @param {HTMLElement} node */
function say(node) {
  const { as = "", time = "", ahead = "" } = node.dataset;
  const [time_s, now_s] = [Number(time), Date.now() / 1000 + Number(ahead)];
  text(node, SAYS[as](time_s, now_s));
  const title = as === "ago" ? `${clock(time_s, now_s)} (${iso(time_s)})` : iso(time_s);
  if (node.title !== title) node.title = title;
}

/** All that stand on the page. What was taken off it is made anew, or said when it is back. */
function sayAll() {
  for (const node of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("time[data-as]"))) say(node);
}
