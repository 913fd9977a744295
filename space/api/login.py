# ruff: noqa: E501 (a page in one text)
"""The page of a server that asks for its token, before anything else of it is shown. It loads nothing."""

LOGIN_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Trackio: token</title>
<style>
:root { --ground: #f6f7f9; --sheet: #fff; --ink: #1a1e24; --soft: #59636e; --line: #c8ced6; --accent: #5145cd; --on: #fff; --bad: #b3261e }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0e1115; --sheet: #151a20; --ink: #e7eaee; --soft: #9aa5b1; --line: #3a444f; --accent: #a5a0ff; --on: #14122b; --bad: #ff9d94 }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 16px; background: var(--ground); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
main { width: min(440px, 100%); background: var(--sheet); border: 1px solid var(--line); border-radius: 6px; padding: 24px }
h1 { font-size: 18px; margin: 0 0 8px } p { margin: 0 0 16px; color: var(--soft) } code { font-size: 13px }
form { display: flex; gap: 8px } input { flex: 1; min-width: 0; font: inherit; padding: 8px; border: 1px solid var(--line); border-radius: 6px; background: var(--ground); color: var(--ink) }
button { font: inherit; padding: 8px 16px; border: 0; border-radius: 6px; background: var(--accent); color: var(--on); cursor: pointer }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px } #said { margin: 12px 0 0; color: var(--bad); min-height: 21px }
</style></head><body><main>
<h1>This server asks for a token</h1>
<p>It is the <code>TRACKIO_WRITE_TOKEN</code> that the server was started with. This browser keeps it as a cookie that scripts cannot read.</p>
<form id="form"><input id="token" name="token" type="password" autocomplete="current-password" aria-label="Token" placeholder="Token" required autofocus><button>Open</button></form>
<p id="said" role="alert"></p>
</main><script>
const said = document.getElementById("said"), field = document.getElementById("token");
async function open_(token) {
  said.textContent = "";
  let answer;
  try {
    answer = await fetch("/v1/session", { method: "POST", headers: { "X-Trackio-Token": token.trim() }, credentials: "same-origin" });
  } catch { said.textContent = "No answer from the server. Try again when it is up."; return; }
  if (answer.ok) location.reload();
  else if (answer.status === 401 || answer.status === 403) said.textContent = "This is not the server's token. Copy it again, without spaces.";
  else said.textContent = "The server answered " + answer.status + ". Try again.";
}
document.getElementById("form").addEventListener("submit", (event) => { event.preventDefault(); open_(field.value); });
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) { history.replaceState(null, "", location.pathname + location.search); open_(given); }
</script></body></html>
"""
