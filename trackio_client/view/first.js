// Stands inline in the page's head (space/ui/app.py) and runs before any module has come: the theme without a flash,
// and the one request that all else waits for.
(() => {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem("trackio") || "{}");
  } catch {
    // Storage is closed to this page: the system's theme, and the newest project.
  }
  const dark = kept.theme ? kept.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  if (location.hash.includes("token=")) return; // the cookie comes first

  const ask = (path) => {
    const answer = fetch(path, { headers: { Accept: "application/json" }, credentials: "same-origin" }).then((response) =>
      response.ok ? response.json() : Promise.reject(new Error(String(response.status))),
    );
    answer.catch(() => {}); // the shell asks again, and tells what is wrong
    return answer;
  };
  const query = new URLSearchParams(location.search);
  const project = query.get("project");
  const first = {};
  if (project) {
    const words = new URLSearchParams({ project });
    first.project = project;
    first.experiments = ask(`/v1/experiments?${words}&archived=1`);
    first.metrics = ask(`/v1/metrics?${words}`);
  } else if (!query.get("experiment")) first.projects = ask("/v1/projects");
  globalThis.trackioPage = { first };
})();

// Gradio's own script comes when the first chart stands, or after `most_ms`: it takes the main thread for a second.
globalThis.trackioLater = (address, most_ms) => {
  // Gradio's loader counts its seconds at every frame and goes on when it is gone (6.31): 60 wake-ups a second on a
  // page where nothing moves, a fifth of a core here. Once a second is as good.
  const frame = requestAnimationFrame.bind(globalThis);
  const counts = /^\(\)=>\{[^{}]{0,40}performance\.now\(\)-[^{}]{0,40}\/1e3/;
  globalThis.requestAnimationFrame = (call) => (counts.test(String(call)) ? setTimeout(() => frame(call), 1000) : frame(call));
  let done = false;
  const go = () => {
    if (done) return;
    done = true;
    const script = document.createElement("script");
    Object.assign(script, { type: "module", crossOrigin: "", src: address });
    document.head.append(script);
  };
  addEventListener("trackio:drawn", () => setTimeout(go, 50), { once: true });
  setTimeout(go, most_ms);
};
