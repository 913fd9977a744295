// Which values can stand beside an experiment: what every row has, the project's metrics, keys of the config.

const OF_EVERY_ROW = { steps: "Steps" };
const LOOK_INTO = 6; // experiments whose config is read to learn the keys

// What a reader most likely wants beside a name, by the names that metrics have.
const LIKELY = ["eval/loss", "eval_loss", "val/loss", "val_loss", "train/loss", "loss", "train_loss"];

export class Columns {
  /** @param {import("./state.js").PageState} state @param {any} source */
  constructor(state, source) {
    this.state = state;
    this.source = source;
    this._keys = { project: null, found: /** @type {Promise<string[]>|null} */ (null) };
  }

  /** What a column is called: "config:optimizer.lr" -> "optimizer.lr". @param {string} column */
  label(column) {
    return OF_EVERY_ROW[column] ?? column.slice(column.indexOf(":") + 1);
  }

  /** The column of the side bar before anybody chose one. @param {{metric: string, group?: string, hidden?: boolean}[]} metrics */
  likely(metrics) {
    const open = metrics.filter((each) => !each.hidden);
    const names = new Set(open.map((each) => each.metric));
    const first = LIKELY.find((name) => names.has(name)) ?? open.find((each) => each.group !== "system")?.metric;
    return first === undefined ? null : `metric:${first}`;
  }

  /**
   * What a menu offers. @param {(string|null)[]} chosen @param {{steps?: boolean}} [also]
   * @returns {Promise<import("../base/menu.js").Item[]>}
   */
  async items(chosen, { steps = false } = {}) {
    const metrics = this.state.get("metrics") ?? [];
    const own = steps ? Object.entries(OF_EVERY_ROW).map(([value, label]) => ({ value, label })) : [];
    const measured = metrics.map((each) => ({ value: `metric:${each.metric}`, label: each.metric, group: "Metrics, last value" }));
    const keys = (await this.configKeys()).map((key) => ({ value: `config:${key}`, label: key, group: "Config" }));
    return [...own, ...measured, ...keys].map((item) => ({ ...item, chosen: chosen.includes(item.value) }));
  }

  /** Keys of the newest experiments' configs, nested ones with dots. */
  configKeys() {
    const project = this.state.get("project");
    if (this._keys.project !== project || !this._keys.found) {
      const newest = [...this.state.get("experiments")].sort((a, b) => b.created_s - a.created_s).slice(0, LOOK_INTO);
      const found = Promise.all(newest.map((row) => this.source.experiment(row.id).catch(() => null))).then((details) => {
        const keys = new Set();
        for (const detail of details) for (const [key] of flat(detail?.config ?? {})) keys.add(key);
        return [...keys].sort();
      });
      this._keys = { project, found };
      found.then((keys) => keys.length || (this._keys.found = null)); // nothing yet: look again next time
    }
    return /** @type {Promise<string[]>} */ (this._keys.found);
  }
}

/** A nested config as [dotted key, value]. @param {any} values @returns {[string, any][]} */
export function flat(values, before = "") {
  return Object.entries(values).flatMap(([key, value]) =>
    value && typeof value === "object" && !Array.isArray(value) && !("$float" in value) && Object.keys(value).length
      ? flat(value, `${before}${key}.`)
      : [/** @type {[string, any]} */ ([before + key, value])],
  );
}
