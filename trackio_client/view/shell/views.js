// The views of a project, in the order of their tabs. One that is `later` comes with modules of its own, fetched when it is
// first looked at; then it is kept: scroll, zoom and what was fetched stay. `words` tells by what a view is empty without:
// "metrics" and ticked experiments, or "rows", or nothing ("none").

import { ExperimentView } from "../experiment/detail.js";
import { MetricGrid } from "../charts/grid.js";
import { TableView } from "./table.js";

/**
 * @typedef {{state: import("../data/state.js").PageState, source: any, experiments: import("../data/experiments.js").Experiments,
 *   columns: import("../data/columns.js").Columns, words: any, open: (id: string) => void}} Parts
 * @typedef {{label: string, needs: "charts" | "rows" | "none", isTab?: boolean, hasControls?: boolean, isWhole?: boolean,
 *   make: (pane: HTMLElement, parts: Parts) => any}} View
 */

/** @type {Record<string, View>} */
export const VIEWS = {
  metrics: { label: "Metrics", needs: "charts", hasControls: true, make: (pane, { state, source }) => new MetricGrid(pane, { state, source }) },
  // Hardware is sampled by the clock, not by the step: the charts of this group stand against time by themselves.
  system: { label: "System", needs: "charts", hasControls: true, make: (pane, { state, source }) => new MetricGrid(pane, { state: state.scope({ groups: ["system"], zoom: null }), source }) },
  table: { label: "Table", needs: "rows", isWhole: true, make: (pane, parts) => new TableView(pane, parts) },
  experiment: { label: "Experiment", needs: "none", isTab: false, hasControls: true, make: (pane, parts) => new ExperimentView(pane, parts) },
};

/** Those that have a tab. */
export const TABS = Object.entries(VIEWS).filter(([, view]) => view.isTab !== false);
