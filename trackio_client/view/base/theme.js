// Light or dark: as the system says, until the reader says otherwise.

import { remember, remembered } from "./remember.js";

const dark = matchMedia("(prefers-color-scheme: dark)");

export class Theme {
  /** @param {import("../data/state.js").PageState} state */
  constructor(state) {
    this.state = state;
    this.choice = /** @type {"system"|"light"|"dark"} */ (remembered().theme ?? "system");
    dark.addEventListener("change", () => this.apply());
    this.apply();
  }

  /** @param {any} choice */
  choose(choice) {
    this.choice = choice;
    remember({ theme: choice === "system" ? undefined : choice });
    this.apply();
  }

  apply() {
    const theme = this.choice === "system" ? (dark.matches ? "dark" : "light") : this.choice;
    document.documentElement.dataset.theme = theme;
    document.body?.classList.toggle("dark", theme === "dark"); // Gradio's own widgets listen to this
    this.state.set({ theme });
  }
}
