// @ts-check
/** Keys of the state that are kept by project in this browser, and stand in the address, which is believed first. Their value is
 * null until the project is open. */
import { remember, remembered } from "./remember.js";

/** @param {any} state @param {string} key @param {any} value */
export function keep(state, key, value) {
  state.set({ [key]: value });
  const kept = remembered().kept ?? {};
  remember({ kept: { ...kept, [key]: { ...kept[key], [state.get("project") ?? ""]: value } } });
}

/** Takes up what this browser remembers of the project, where the address says nothing of it. @param {any} state @param {string} key
 * @param {(kept: any) => any} checked what a browser kept may be anything, and undefined where it kept nothing */
export function followKept(state, key, checked) {
  /** @type {string | null} */ let open = null;
  state.follow(["project", key], () => {
    const project = state.get("project");
    if (project === null) return;
    const left = open !== null && open !== project; // what stands there belongs to the project before
    open = project;
    if (left || state.get(key) === null) state.set({ [key]: checked(remembered().kept?.[key]?.[project]) });
  });
}
