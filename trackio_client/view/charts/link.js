// @ts-check
/** Links to one chart: an address that holds the whole view, and names the chart that it is about. Who opens it finds that
 * chart in sight and marked, or opened over the window; its settings, range and smoothing are the sender's. */
import { toast } from "../base/toast.js";

const MOST_LISTED = 150; // experiments in an address

/** @param {any} grid @param {import("./chart.js").Chart} chart @param {{full?: boolean}} [how] @returns {string} */
export function linkTo(grid, chart, { full = false } = {}) {
  const address = new URL(location.href);
  const { searchParams: query } = address;
  query.set("chart", chart.metric.metric);
  const page = grid.outer ?? grid; // the chart over the whole window knows nothing of the others
  const of = chart.facet?.name ?? grid.outer?.state.get("chartOf");
  if (of) query.set("chartof", of);
  else query.delete("chartof");
  if (full) query.set("full", "1");
  else query.delete("full");
  // Experiments that come later must not push these out of the picture.
  const ids = page.state.get("experiments").filter((/** @type {any} */ row) => row.shown).map((/** @type {any} */ row) => row.id);
  if (!query.has("shown") && !query.has("experiment") && query.has("project") && ids.length && ids.length <= MOST_LISTED) {
    const tails = ids.map((/** @type {string} */ id) => id.slice(-8));
    query.set("shown", (new Set(tails).size === ids.length ? tails : ids).join(","));
  }
  address.hash = "";
  return address.href.replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/");
}

/** @param {any} grid @param {import("./chart.js").Chart} chart @param {{full?: boolean}} [how] */
export async function copyLink(grid, chart, how) {
  const address = linkTo(grid, chart, how);
  try {
    await navigator.clipboard.writeText(address);
    toast(`The link to ${chart.name} is copied.`);
  } catch {
    window.prompt("Copy with Ctrl+C", address); // clipboards are closed to pages without https
  }
}

/** Scrolls the page's own scroller alone: scrollIntoView moves the frame around it, too. @param {HTMLElement} node */
function toMiddle(node) {
  const scroller = node.closest(".tk-body");
  if (!scroller) return node.scrollIntoView({ block: "center" });
  const [at, box] = [node.getBoundingClientRect(), scroller.getBoundingClientRect()];
  scroller.scrollTop += (at.top + at.bottom) / 2 - (box.top + box.bottom) / 2;
}

/** Brings the chart that the address is about into sight, once it is there. @param {any} grid @returns {() => void} stop */
export function followLink(grid) {
  const { state } = grid;
  let done = "";
  /** @type {import("./chart.js").Chart | null} */ let marked = null;
  const unmark = () => {
    marked?.node.classList.remove("linked-to");
    marked = null;
  };
  const look = () => {
    const metric = state.get("chart");
    const key = metric === null ? "" : `${metric}\n${state.get("chartOf")}\n${state.get("full")}`;
    if (!metric) return void ((done = ""), unmark());
    if (key === done || !state.get("metrics") || !grid.node.checkVisibility()) return;
    const of = state.get("facet") ? state.get("chartOf") : null;
    if (of && !grid.facets.all) return; // the values come behind the rows
    const chart = grid.sections.reveal(metric, of);
    if (!chart) {
      if (!(state.get("groups") ?? []).length && state.get("metrics").length) {
        done = key;
        toast(`The link is about ${metric}, which nobody logged here.`);
      }
      return;
    }
    done = key;
    if (of && chart.facet?.name !== of) toast(`The link is about ${metric}, ${of}, which has no chart here.`);
    unmark();
    marked = chart;
    chart.node.classList.add("linked-to");
    toMiddle(chart.node);
    // Closed meanwhile, as by Escape right after it was opened, it stays so.
    if (state.get("full")) grid.full(chart, () => state.get("full") && state.get("chart") === metric);
    else chart.plot.focus({ preventScroll: true });
  };
  const later = () => requestAnimationFrame(look);
  const stop = state.follow(["chart", "chartOf", "full", "metrics", "view", "experiments", "progress"], later);
  /** The mark goes when the reader turns to something else. @param {any} event */
  const away = (event) => {
    if (!marked || state.get("full") || marked.node.contains(event.target) || event.target.closest?.("dialog, [popover]")) return;
    if (grid.node.contains(event.target)) state.set({ chart: null, chartOf: null });
  };
  document.addEventListener("pointerdown", away);
  return () => {
    stop();
    document.removeEventListener("pointerdown", away);
  };
}
