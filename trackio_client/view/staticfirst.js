// Stands inline in a static page's head, named by its hash in the policy: the theme without a flash, and the one request
// that all else waits for.
(() => {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem("trackio") || "{}");
  } catch {
    // Storage is closed to this page: the system's theme.
  }
  const dark = kept.theme ? kept.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  const settings = JSON.parse(document.getElementById("trackio-settings").textContent);
  if (settings.private) return; // it opens with a log-in
  const address = `${settings.endpoint}/datasets/${settings.repo}/resolve/main/view/head.json`;
  globalThis.trackioEarly = fetch(address, { cache: "no-cache", credentials: "omit", referrerPolicy: "no-referrer" });
  globalThis.trackioEarly.catch(() => {}); // it is asked for again, and told
})();
