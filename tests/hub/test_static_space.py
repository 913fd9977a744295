"""The files of a static Space: all that the page needs, nothing secret, and a policy that fits them."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
import yaml

from trackio_client.errors import UsageError
from trackio_client.hub.spaces.static import HUB, files_of_static_space
from trackio_client.view import resolved

pytestmark = pytest.mark.requirement("S1.54")


def page_of(files: dict[str, bytes]) -> str:
    return files["index.html"].decode()


def card_of(files: dict[str, bytes]) -> dict[str, object]:
    return dict(yaml.safe_load(files["README.md"].decode().removeprefix("---\n").split("\n---\n")[0]))


def policy_of(page: str) -> dict[str, str]:
    (said,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    rules = said.replace("&#x27;", "'").split("; ")
    return {rule: value for rule, _, value in (each.partition(" ") for each in rules)}


def test_the_page_finds_every_file_that_it_names():
    files = files_of_static_space("me/exp", private=False, library=False)
    page = page_of(files)
    named = set(re.findall(r'(?:href|src)="(view/[^"]+)"', page))
    assert named <= set(files)
    for path, content in files.items():
        if path.endswith(".js"):
            imported = re.findall(r'from "(\.[\w./]+)"', content.decode())
            assert {resolved(path, name) for name in imported} <= set(files), path
    assert "view/boot.js" not in files  # nothing of Gradio's side


def test_a_public_one_has_no_log_in_and_a_private_one_asks_for_the_narrowest_that_there_is():
    public, private = (card_of(files_of_static_space("me/exp", private=p, library=False)) for p in (False, True))
    assert (public["sdk"], public["app_file"], public["tags"]) == ("static", "index.html", ["trackio"])
    assert "hf_oauth" not in public
    assert public["datasets"] == ["me/exp"]
    assert (private["hf_oauth"], private["hf_oauth_scopes"]) == (True, ["read-repos"])
    assert "datasets" not in private
    assert len(str(public["short_description"])) <= 60  # the Hub refuses longer ones


def test_the_policy_names_the_inline_script_by_its_hash_and_the_hub_alone():
    page = page_of(files_of_static_space("me/exp", private=False, library=False))
    rules = policy_of(page)
    (inline,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert rules["script-src"] == f"'self' 'sha256-{digest}'"
    assert rules["connect-src"] == f"'self' blob: {HUB} https://*.huggingface.co https://*.hf.co"
    assert (rules["media-src"], rules["frame-src"]) == ("blob:", "'self'")  # of a copy that was fetched; nobody's page
    assert (rules["default-src"], rules["base-uri"], rules["form-action"]) == ("'none'", "'none'", "'none'")
    assert "<head>" in page  # byte for byte: behind it the Hub puts the Space's variables, before the policy
    assert page.index("<head>") < page.index("Content-Security-Policy") < page.index("<script")


def test_another_hub_is_named_in_the_policy_and_in_the_settings():
    page = page_of(
        files_of_static_space("me/exp", private=True, endpoint="https://hub.example.org:8443/", library=False)
    )
    assert policy_of(page)["connect-src"] == "'self' blob: https://hub.example.org:8443 https://hub.example.org:*"
    (said,) = re.findall(r'id="trackio-settings">(.*?)</script>', page)
    settings = json.loads(said)
    assert (settings["endpoint"], settings["private"], settings["repo"]) == (
        "https://hub.example.org:8443", True, "me/exp",
    )  # fmt: skip


def test_a_title_is_text_wherever_it_stands():
    bad = '</title><script>alert(1)</script> "quoted": yes\n---'
    files = files_of_static_space("me/exp", private=False, title=bad, library=False)
    assert "<script>alert" not in page_of(files)
    assert card_of(files)["title"] == " ".join(bad.split())[:80]


def test_the_same_arguments_give_the_same_bytes():
    assert files_of_static_space("me/exp", private=True) == files_of_static_space("me/exp", private=True)


def test_plotly_comes_along_when_it_is_installed():
    pytest.importorskip("plotly")
    files = files_of_static_space("me/exp", private=False)
    assert len(files["view/plotly.min.js"]) < 10_000_000  # above, the Hub takes a file by LFS only
    assert '"large": true' in page_of(files)


@pytest.mark.parametrize("repo", ["exp", "me/exp/more", "me/", "/exp", "me/ex p", 'me/exp"', "hf://datasets/me/exp"])
def test_a_name_that_is_none_is_refused(repo):
    with pytest.raises(UsageError, match="owner/name"):
        files_of_static_space(repo, private=False)


@pytest.mark.parametrize("endpoint", ["huggingface.co", "ftp://hub", "javascript:alert(1)", "https://"])
def test_an_address_that_is_no_hub_is_refused(endpoint):
    with pytest.raises(UsageError, match="https://"):
        files_of_static_space("me/exp", private=False, endpoint=endpoint)
