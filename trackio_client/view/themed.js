// Stands inline in the head of the configuration page (space/ui/app.py): the theme that the reader chose, without a
// flash. Gradio takes its own from the address.
(() => {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem("trackio") || "{}");
  } catch {
    // Storage is closed to this page: the system's theme.
  }
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    document.documentElement.dataset.theme = (kept.theme ? kept.theme === "dark" : system.matches) ? "dark" : "light";
  };
  apply();
  system.addEventListener("change", apply);
  if (kept.theme && !location.search) history.replaceState(null, "", `${location.pathname}?__theme=${kept.theme}`);
})();
