// The views of a project, a line each, in the order of their tabs: Overview, Metrics, Compare, Labels, System, Media, Artifacts, Table. One that is
// `later` comes with modules of its own, fetched when it is first looked at; then it is kept: scroll, zoom and what was fetched
// stay. `needs` tells what a view is empty without: "charts" (ticked experiments with metrics), "ticks" (ticked experiments), "rows", or nothing ("none").
// `hasSome` tells whether a project has anything to show in it: until it has, there is no tab (offering.js).
// `key` is the letter that leads there after `g`; help.js lists them.
// `offered` tells whether a source has what it draws from: a page without a server shows no tab for what it cannot show.

import { ExperimentView } from "../experiment/detail.js";
import { MetricGrid } from "../charts/grid.js";
import { later } from "./later.js";

/**
 * @typedef {{state: import("../data/state.js").PageState, source: any, experiments: import("../data/experiments.js").Experiments,
 *   columns: import("../data/columns.js").Columns, words: any, open: (id: string, event?: string | null) => void}} Parts
 * @typedef {{label: string, key?: string, needs: "charts" | "ticks" | "rows" | "none", isTab?: boolean, hasControls?: boolean, isWhole?: boolean,
 *   offered?: (source: any) => boolean, hasSome?: (source: any, project: string) => Promise<boolean>, make: (pane: HTMLElement, parts: Parts) => any}} View
 */

/** @type {Record<string, View>} */
export const VIEWS = {
  overview: { label: "Overview", key: "o", needs: "rows", make: (pane, parts) => later(pane, () => import("../overview/overview.js"), ({ OverviewView }) => new OverviewView(pane, parts)) },
  metrics: { label: "Metrics", key: "m", needs: "charts", hasControls: true, make: (pane, { state, source }) => new MetricGrid(pane, { state, source }) },
  compare: { label: "Compare", key: "c", needs: "rows", make: (pane, parts) => later(pane, () => import("../compare/compare.js"), ({ CompareView }) => new CompareView(pane, parts)) },
  labels: { label: "Labels", key: "l", needs: "ticks", offered: (source) => Boolean(source.training), make: (pane, parts) => later(pane, () => import("../labels/view.js"), ({ LabelsView }) => new LabelsView(pane, parts)) },
  system: { label: "System", key: "s", needs: "ticks", hasControls: true, make: (pane, parts) => later(pane, () => import("../system/view.js"), ({ SystemView }) => new SystemView(pane, parts)) },
  media: { label: "Media", key: "i", needs: "ticks", offered: (source) => Boolean(source.media), make: (pane, parts) => later(pane, () => import("../gallery/view.js"), ({ MediaView }) => new MediaView(pane, parts)) },
  artifacts: { label: "Artifacts", key: "a", needs: "rows", offered: (source) => Boolean(source.projectArtifacts), hasSome: (source, project) => source.hasArtifacts(project), make: (pane, parts) => later(pane, () => import("../artifacts/view.js"), ({ ArtifactsView }) => new ArtifactsView(pane, parts)) },
  table: { label: "Table", key: "t", needs: "rows", isWhole: true, make: (pane, parts) => later(pane, () => import("../table/view.js"), ({ TableView }) => new TableView(pane, parts)) },
  bin: { label: "Bin", needs: "none", isTab: false, offered: (source) => Boolean(source.bin), make: (pane, parts) => later(pane, () => import("../bin/bin.js"), ({ BinView }) => new BinView(pane, parts)) },
  experiment: { label: "Experiment", needs: "none", isTab: false, hasControls: true, make: (pane, parts) => new ExperimentView(pane, parts) },
};

/** Those that have a tab on a page with this source. @param {any} source @returns {[string, View][]} */
export const tabsOf = (source) => Object.entries(VIEWS).filter(([, view]) => view.isTab !== false && (view.offered?.(source) ?? true));
