"""A static Space's page in a real browser before the stand-in for the Hub: log-in by PKCE, then private files.

It shows that the stand-in's redirects, CORS and refused preflights are such as a browser can live with.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import HfApi, constants
from playwright.sync_api import expect

from tests.hub.conftest import point_at
from tests.hub_server import running_hub

pytestmark = [
    pytest.mark.browser,
    # huggingface_hub 2.4 uploads an LFS file by a spelling that its own httpx2 calls old.
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]

CARD = b"---\ntitle: Page\nsdk: static\nhf_oauth: true\nhf_oauth_scopes:\n- read-repos\n---\n"
PAGE = """<html><head></head><body><script type="module">
const hub = "HUB", {OAUTH_CLIENT_ID: client_id, OAUTH_SCOPES: scope} = window.huggingface.variables;
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
const text = (bytes) => base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const redirect_uri = location.origin + "/", code = new URLSearchParams(location.search).get("code");
if (!code) {
  const verifier = text(crypto.getRandomValues(new Uint8Array(32)));
  sessionStorage.verifier = verifier;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const asked = {client_id, scope, redirect_uri, response_type: "code", state: "s", code_challenge_method: "S256",
    code_challenge: text(new Uint8Array(digest))};
  location = `${hub}/oauth/authorize?${new URLSearchParams(asked)}`;
} else {
  const code_verifier = sessionStorage.verifier;
  const form = {grant_type: "authorization_code", client_id, code, redirect_uri, code_verifier};
  const told = await (await fetch(`${hub}/oauth/token`, {method: "POST", body: new URLSearchParams(form)})).json();
  const read = async (path) => {
    const headers = {authorization: `Bearer ${told.access_token}`};
    const answer = await fetch(`${hub}/datasets/me/exp/resolve/main/${path}`, {headers, cache: "no-cache"});
    if (!answer.ok) return `${answer.status} ${answer.headers.get("x-error-code")}`;
    return `${(await answer.arrayBuffer()).byteLength}`;
  };
  document.body.textContent = [await read("small.json"), await read("t.parquet"), await read("none")].join(", ");
}
</script></body></html>"""


def test_a_static_page_logs_in_and_reads_a_private_repo_across_origins(
    browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_hub() as hub:
        point_at(hub, tmp_path, monkeypatch)
        api = HfApi(hub.url, token="hf_me")
        assert hub.url == constants.ENDPOINT
        api.create_repo("me/exp", repo_type="dataset", visibility="private")
        api.create_repo("me/page", repo_type="space", space_sdk="static", visibility="public")
        for kind, path, content in (
            ("dataset", "small.json", b"[1, 2]"),
            ("dataset", "t.parquet", b"PAR1" * 1000),
            ("space", "README.md", CARD),
            ("space", "index.html", PAGE.replace("HUB", hub.url).encode()),
        ):
            repo_id = {"dataset": "me/exp", "space": "me/page"}[kind]
            api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=repo_id, repo_type=kind)
        hub.forget()
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{api.space_info('me/page').host}/")
        page.wait_for_function("/,/.test(document.body.textContent) && !document.body.textContent.includes('const')")
        expect(page.locator("body")).to_have_text("6, 4000, 404 EntryNotFound")
        context.close()
        (asked,) = hub.requests("GET /file/")
        assert (asked["token"], asked["bytes_out"]) == (None, 4000)
