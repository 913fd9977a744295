"""Spaces at the stand-in: what a plan allows, secrets, variables, runtime; log-in; a static Space's page."""

from __future__ import annotations

import base64
import hashlib
import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RepositoryNotFoundError

from tests.hub.standin.test_files import raw
from tests.hub.standin.test_repos import put, status
from tests.hub_server import Hub

PAGE = {"repo_id": "me/page", "repo_type": "space"}
CARD = b"---\ntitle: Page\nsdk: static\nhf_oauth: true\nhf_oauth_scopes:\n- read-repos\n---\n"


@pytest.fixture
def pro(hub: Hub) -> HfApi:
    return HfApi(hub.url, token="hf_pro")


def test_a_free_account_may_have_static_and_two_zero_gpu_spaces_only(hub, api):
    with pytest.raises(HfHubHTTPError, match="Static Spaces are free for everyone") as refused:
        api.create_repo("me/app", repo_type="space", space_sdk="gradio", visibility="private")
    assert (status(refused), type(refused.value)) == (402, HfHubHTTPError)
    assert api.create_repo(space_sdk="static", visibility="public", **PAGE).repo_type == "space"
    for name in "ab":
        api.create_repo(f"me/{name}", repo_type="space", space_sdk="gradio", space_hardware="zero-a10g")
    with pytest.raises(HfHubHTTPError, match="ZeroGPU"):
        api.create_repo("me/c", repo_type="space", space_sdk="gradio", space_hardware="zero-a10g")
    # An older Space stays: create_repo(exist_ok=True) looks before it takes the 402 for a no.
    assert api.create_repo("me/a", repo_type="space", space_sdk="gradio", exist_ok=True)


def test_visibility_protected_hides_the_files_and_needs_pro(hub, api, pro):
    with pytest.raises(HfHubHTTPError) as refused:
        api.create_repo(space_sdk="static", visibility="protected", **PAGE)
    assert status(refused) == 402
    pro.create_repo("pro/app", repo_type="space", space_sdk="gradio", visibility="protected")
    assert hub.repo("pro/app", "space")["visibility"] == "protected"
    with pytest.raises(RepositoryNotFoundError):
        api.space_info("pro/app")


def test_secrets_are_never_told_and_variables_are(hub, pro):
    secrets = [{"key": "HF_TOKEN", "value": "hf_secret"}]
    pro.create_repo("pro/app", repo_type="space", space_sdk="gradio", visibility="public", space_secrets=secrets)
    pro.add_space_secret("pro/app", "TRACKIO_WRITE_TOKEN", "w", description="ours")
    assert pro.get_space_secrets("pro/app")["TRACKIO_WRITE_TOKEN"].description == "ours"
    assert "hf_secret" not in str(pro.get_space_secrets("pro/app"))
    assert hub.repo("pro/app", "space")["space"]["secrets"]["HF_TOKEN"]["value"] == "hf_secret"
    pro.add_space_variable("pro/app", "V", "1")
    assert HfApi(hub.url, token="hf_stranger").get_space_variables("pro/app")["V"].value == "1"
    with pytest.raises(HfHubHTTPError):
        HfApi(hub.url, token="hf_stranger").get_space_secrets("pro/app")
    pro.delete_space_secret("pro/app", "HF_TOKEN")
    assert (list(pro.get_space_secrets("pro/app")), pro.delete_space_variable("pro/app", "V")) == (
        ["TRACKIO_WRITE_TOKEN"],
        {},
    )


def test_runtime_goes_through_the_stages_that_a_test_gives(hub, pro):
    pro.create_repo("pro/app", repo_type="space", space_sdk="gradio", visibility="public")
    assert pro.get_space_runtime("pro/app").stage == "RUNNING"
    hub.space("pro/app", stages=["BUILDING", "RUNTIME_ERROR"], host="http://127.0.0.1:7860")
    assert [pro.get_space_runtime("pro/app").stage for _ in range(3)] == ["BUILDING", "RUNTIME_ERROR", "RUNTIME_ERROR"]
    assert pro.restart_space("pro/app").stage == "APP_STARTING"
    assert pro.pause_space("pro/app").stage == "PAUSED"
    assert pro.request_space_hardware("pro/app", "cpu-upgrade", sleep_time=3600).sleep_time == 3600
    assert pro.set_space_sleep_time("pro/app", 7200).requested_hardware == "cpu-upgrade"
    info = pro.space_info("pro/app")
    assert (info.host, info.sdk, info.subdomain) == ("http://127.0.0.1:7860", "gradio", "pro-app")


def test_a_space_is_filled_from_a_folder_and_its_card_is_checked(hub, api, tmp_path):
    api.create_repo(space_sdk="static", visibility="public", **PAGE)
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / "index.html").write_text("<html><head></head>hi</html>")
    api.upload_folder(folder_path=tmp_path / "up", commit_message="page", **PAGE)
    assert api.list_repo_files(**PAGE) == [".gitattributes", "README.md", "index.html"]
    with pytest.raises(ValueError, match="colorFrom"):
        api.upload_file(path_or_fileobj=b"---\nsdk: static\ncolorFrom: beige\n---\n", path_in_repo="README.md", **PAGE)
    with pytest.raises(BadRequestError, match="always running"):
        api.restart_space("me/page")


def log_in(hub: Hub, client: str, back: str, scope: str = "openid profile read-repos", **more: str) -> dict[str, str]:
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {"client_id": client, "redirect_uri": back, "response_type": "code", "scope": scope, "state": "s"}
    asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    status, headers, body = raw("GET", f"{hub.url}/oauth/authorize?{urlencode(asked)}", None)
    if status != 302:
        return {"status": str(status), "body": body.decode()}
    came = {k: v[0] for k, v in parse_qs(urlsplit(headers["Location"]).query).items()}
    assert came.pop("state") == "s"
    if "error" in came:
        return came
    form = {"grant_type": "authorization_code", "client_id": client, "redirect_uri": back, "code_verifier": verifier}
    form |= came | more
    answer = _post(f"{hub.url}/oauth/token", urlencode(form).encode())
    return {**answer, "code": came["code"]}


def _post(url: str, body: bytes) -> dict[str, str]:
    import urllib.error
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, body), timeout=60) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        with error:
            return dict(json.load(error))


def test_a_static_space_is_served_at_its_own_host_with_what_log_in_needs(hub, api):
    api.create_repo(space_sdk="static", visibility="public", space_variables=[{"key": "V", "value": "1"}], **PAGE)
    api.upload_file(path_or_fileobj=CARD, path_in_repo="README.md", **PAGE)
    api.upload_file(path_or_fileobj=b"<html><head></head>hi</html>", path_in_repo="index.html", **PAGE)
    host = api.space_info("me/page").host
    port = urlsplit(host).port
    status, _, body = raw("GET", f"http://127.0.0.1:{port}/", None, Host=f"me-page.localhost:{port}")
    assert (status, body.endswith(b"</head>hi</html>")) == (200, True)
    variables = json.loads(body.split(b"window.huggingface=")[1].split(b";</script>")[0])["variables"]
    assert (variables["V"], variables["OAUTH_SCOPES"]) == ("1", "openid profile read-repos")
    api.update_repo_settings(visibility="private", **PAGE)
    assert raw("GET", f"http://127.0.0.1:{port}/", None, Host=f"me-page.localhost:{port}")[0] == 404
    assert log_in(hub, variables["OAUTH_CLIENT_ID"], f"{host}/index.html")["access_token"].startswith("hf_oauth_")


def test_a_log_in_by_pkce_reads_private_repos_and_no_more(hub, api):
    hub.ask("oauth-client", id="c", secret="x", scopes=["openid", "profile", "read-repos"], redirects=["http://a:1"])
    token = log_in(hub, "c", "http://a:1/back")["access_token"]
    theirs = HfApi(hub.url, token=token)
    assert (theirs.dataset_info("me/exp").private, theirs.whoami()["auth"]["type"]) == (True, "oauth")
    with pytest.raises(HfHubHTTPError):
        put(theirs, a=b"1")
    told = json.loads(raw("GET", f"{hub.url}/oauth/userinfo", token)[2])
    assert (told["preferred_username"], told["orgs"][0]["roleInOrg"]) == ("me", "write")
    profile = log_in(hub, "c", "http://a:1/back", "openid profile")["access_token"]
    with pytest.raises(RepositoryNotFoundError):
        HfApi(hub.url, token=profile).dataset_info("me/exp")
    hub.advance(9 * 3600)
    with pytest.raises(HfHubHTTPError, match="Invalid credentials"):
        theirs.dataset_info("me/exp")


def test_a_log_in_that_does_not_fit_is_refused(hub, api):
    hub.ask("oauth-client", id="c", secret="x", scopes=["openid", "profile"], redirects=["http://a:1"])
    assert log_in(hub, "c", "http://evil:1/")["status"] == "400"
    assert log_in(hub, "c", "http://a:1/", "openid write-repos")["status"] == "400"
    assert log_in(hub, "c", "http://a:1/", "openid", code_verifier="wrong")["error"] == "invalid_grant"
    assert log_in(hub, "c", "http://a:1/", "openid", client_secret="wrong")["error"] == "invalid_grant"
    done = log_in(hub, "c", "http://a:1/", "openid", client_secret="x")
    form = {"grant_type": "authorization_code", "client_id": "c", "redirect_uri": "http://a:1/", "client_secret": "x"}
    again = _post(f"{hub.url}/oauth/token", urlencode(form | {"code": done["code"]}).encode())
    assert again["error"] == "invalid_grant"  # a code works once
    form = {"grant_type": "refresh_token", "client_id": "c", "refresh_token": done["refresh_token"]}
    assert _post(f"{hub.url}/oauth/token", urlencode(form).encode())["access_token"] != done["access_token"]
    hub.browser("me", refuses=True)
    assert log_in(hub, "c", "http://a:1/", "openid")["error"] == "access_denied"
    hub.browser(None)
    assert "Log In" in log_in(hub, "c", "http://a:1/", "openid")["body"]


def test_what_an_openid_client_finds_first(hub):
    said = json.loads(raw("GET", f"{hub.url}/.well-known/openid-configuration", None)[2])
    assert (said["issuer"], said["token_endpoint"]) == (hub.url, f"{hub.url}/oauth/token")
