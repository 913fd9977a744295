"""Share links: what they open, and that they open nothing else."""

from __future__ import annotations

import asyncio
import json
import re

from space.settings import HubSettings
from tests.space.conftest import batch
from tests.space.sharing import NAME, OWNER, SECRET, WITH, Meta, Shares
from trackio_client.wire.frames import Schema, metrics_frame

# --- the page ---------------------------------------------------------------------------------------------------------


def test_a_link_opens_a_page_that_chats_can_read(shares):
    link = shares.link("exp_a", name=NAME)
    page = shares.api.get(link)
    assert page.status_code == 200
    assert len(link.removeprefix("/s/")) <= 60
    meta = Meta(page.text)
    assert meta.found["og:title"] == meta.found["twitter:title"] == NAME
    assert meta.found["og:url"] == f"http://127.0.0.1{link}"
    assert meta.found["og:image"] == f"http://127.0.0.1{link}/preview.png"
    assert meta.found["twitter:card"] == "summary_large_image"
    assert re.match(r"Running, step 2, lowest train/loss 0\.1667", meta.found["og:description"])
    assert meta.found["robots"] == "noindex, nofollow"
    assert meta.tags.count("script") == 1, "only ours: what a user wrote is text"
    for header, value in (
        ("x-robots-tag", "noindex, nofollow"), ("cache-control", "no-store"), ("referrer-policy", "no-referrer"),
    ):  # fmt: skip
        assert page.headers[header] == value
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'self' https://huggingface.co https://*.hf.space" in policy


def test_an_embedded_page_alone_may_stand_in_any_frame(shares):
    made = shares.make("exp_a")
    embed = shares.api.get(made["embed"].removeprefix("http://127.0.0.1"))
    assert embed.headers["content-security-policy"].endswith("frame-ancestors *")
    for path in ("/v1/projects", "/robots.txt", "/v1/health", made["address"].removeprefix("http://127.0.0.1")):
        assert "frame-ancestors *" not in shares.api.get(path, **WITH).headers["content-security-policy"], path


def test_a_robot_that_looks_with_head_first_finds_the_page_and_the_picture(shares):
    link = shares.link("exp_a")
    for path in (link, f"{link}/preview.png"):
        assert shares.api.client.head(path).status_code == 200
    assert shares.api.client.head(f"{link[:-1]}").status_code == 404


def test_a_comparison_tells_how_many_and_who_leads(shares):
    shares.api.client.patch("/v1/experiments/exp_b", json={"name": "second"}, headers=WITH)
    link = shares.link("exp_a", "exp_b")
    meta = Meta(shares.api.get(link).text).found
    assert meta["og:title"] == "2 experiments of digits"
    assert meta["og:description"].startswith("2 experiments: ")
    rows = shares.api.get(f"{link}/v1/experiments").json()["experiments"]
    assert [row["experiment_id"] for row in rows] == ["exp_a", "exp_b"]


def test_the_page_draws_from_addresses_below_the_link(shares):
    link = shares.link("exp_a", "exp_b")
    get = shares.api.get
    assert [m["metric"] for m in get(f"{link}/v1/metrics").json()["metrics"]] == ["train/loss", "lr"]
    detail = get(f"{link}/v1/experiments/exp_a").json()
    assert detail["config"] == {"optim": {"lr": 0.1}}
    series = get(f"{link}/v1/series?experiment=exp_a&experiment=exp_b&metric=train/loss").json()["series"]
    assert [s["values"][0] for s in series] == [0.5, 0.5]
    asked = {"experiments": ["exp_b"], "metrics": ["lr"], "x": "relative", "max_points": 100}
    binary = shares.api.client.post(
        f"{link}/v1/series", json=asked, headers={"Accept": "application/vnd.trackio.series"}
    )
    assert binary.content[:4] == b"TKS2"


def test_a_link_gives_keys_of_the_config_beside_each_and_no_other_column(shares):
    link = shares.link("exp_a")
    rows = shares.api.get(f"{link}/v1/experiments?column=config:optim.lr&column=config:no").json()["experiments"]
    assert rows[0]["columns"] == {"config:optim.lr": 0.1}
    refused = shares.api.get(f"{link}/v1/experiments?column=notes")
    assert refused.status_code == 400
    assert "config:lr; got 'notes'" in refused.text
    many = "&".join(f"column=config:{i}" for i in range(21))
    assert shares.api.get(f"{link}/v1/experiments?{many}").status_code in (400, 422)


def test_the_address_is_the_spaces_own_name(make_api):
    hub = HubSettings(space_id="me/otter", hosts=("charts.example", "me-otter.hf.space"), visibility="protected")
    shares = Shares(make_api("https://me-otter.hf.space", token=OWNER, on_space=True, hub=hub))
    assert shares.make("exp_a")["address"].startswith("https://me-otter.hf.space/s/")
    made = shares.api.client.post(
        "/v1/shares", json={"experiments": ["exp_a"]}, headers={**WITH, "Host": "evil.example"}
    )
    assert made.json()["address"].startswith("https://charts.example/s/")


def test_a_strange_host_header_writes_nothing_into_the_page(shares):
    link = shares.link()
    page = shares.api.get(link, Host='x"><script src=//evil>')
    assert "evil" not in page.text


# --- what it does not open --------------------------------------------------------------------------------------------


def test_a_link_opens_no_other_experiment(shares):
    link = shares.link("exp_a")
    missing = shares.api.get(f"{link}/v1/experiments/nowhere").json()
    for path in (
        f"experiments/{SECRET}", f"experiments/{SECRET}/events", f"series?experiment={SECRET}&metric=lr",
        f"series?experiment=exp_a&experiment={SECRET}&metric=lr", "experiments/exp_b",
    ):  # fmt: skip
        answer = shares.api.get(f"{link}/v1/{path}")
        assert answer.status_code == 404, path
        told = answer.json()["detail"].replace(SECRET, "nowhere").replace("exp_b", "nowhere")
        assert told == missing["detail"], "the same words as for one that does not exist"
    body = {"experiments": ["exp_a", SECRET], "metrics": ["lr"]}
    assert shares.api.client.post(f"{link}/v1/series", json=body).status_code == 404
    assert SECRET not in shares.api.get(link).text
    assert [m["experiments"] for m in shares.api.get(f"{link}/v1/metrics?experiment={SECRET}").json()["metrics"]] == [
        1,
        1,
    ]


def test_a_link_tells_how_a_training_went_without_traces_and_places(shares):
    told = {"path": "/home/me/out/checkpoint-2", "absolute_path": "/home/me/out/checkpoint-2", "step": 2, "bytes": 7}
    shares.event("record", 4, record="checkpoint", step=2, epoch=0.5, data={**told, "metrics": {"eval_f1": 0.25}})
    shares.event(
        "record", 5, record="epoch_metrics", step=2, epoch=0.5,
        data={"epoch": 0.5, "global_step": 2, "eval_f1": 0.25, "train_loss": {"$float": "NaN"}},
    )  # fmt: skip
    shares.event(
        "record", 6, record="failure", step=2, epoch=0.5,
        data={"kind": "cuda", "error": "RuntimeError", "message": "CUDA error", "trace": "File /home/me/train.py"},
    )  # fmt: skip
    link = shares.link("exp_a")
    answer = shares.api.get(f"{link}/v1/experiments/exp_a/summary")
    assert answer.status_code == 200
    summary = answer.json()
    assert summary["epoch_metrics"][0]["eval_f1"] == 0.25
    assert (summary["run_summary"]["best_f1"], summary["checkpoints"][0]["bytes"]) == (0.25, 7)
    (failure,) = summary["failures"]
    assert failure == {"kind": "cuda", "error": "RuntimeError", "message": "CUDA error", "step": 2, "epoch": 0.5}
    assert "/home/me" not in answer.text
    whole = shares.api.get("/v1/experiments/exp_a/summary", **WITH).json()
    assert whole["failures"][0]["trace"] == "File /home/me/train.py"
    assert shares.api.get(f"{link}/v1/experiments/{SECRET}/summary").status_code == 404


def test_a_link_opens_no_other_address(shares):
    link = shares.link("exp_a")
    token = link.removeprefix("/s/")
    for path in (
        "/v1", "/v1/", "/v1/projects", "/v1/writers/w1", "/v1/experiments/exp_a/receipts", "/v1/tokens", "/v1/shares",
        "/v1/experiments/exp_a/snapshot.html", "/v1/health", "/lib/boot.js", "/config", "/gradio_api/info", "/",
        "/preview.png/x", "/../../v1/projects", "/..%2F..%2Fv1%2Fprojects", "/%2e%2e/%2e%2e/v1/projects", "//v1/series",
        "/v1/experiments/exp_a/events/", "/v1/experiments/exp_a%2F..%2Fexp_b", "/v1/series/../projects", "\\..\\v1",
    ):  # fmt: skip
        answer = raw_get(shares.api.client.app, link + path)
        assert answer in (401, 404), path
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        for path in (link, f"{link}/v1/experiments/exp_a", f"{link}/v1/experiments", f"/embed/{token}"):
            assert shares.api.client.request(method, path).status_code == 404, (method, path)
    assert shares.api.client.patch(f"{link}/v1/series").status_code == 404


def raw_get(app, path):
    """The status of a request whose path no client library has tidied up."""
    from urllib.parse import unquote

    said = []

    async def ask():
        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            said.append(message)

        await app(
            {
                "type": "http", "method": "GET", "path": unquote(path), "raw_path": path.encode(), "query_string": b"",
                "headers": [(b"host", b"127.0.0.1")], "scheme": "http", "http_version": "1.1", "root_path": "",
                "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "asgi": {"version": "3.0"}, "state": {},
            },
            receive,
            send,
        )  # fmt: skip

    loop = asyncio.new_event_loop()  # asyncio.run would drop the loop that Gradio left as this thread's, unclosed
    try:
        loop.run_until_complete(ask())
    finally:
        loop.close()
    return said[0]["status"]


def test_a_links_token_is_no_token_elsewhere(shares):
    token = shares.link("exp_a").removeprefix("/s/")
    for headers in (
        {"X-Trackio-Token": token}, {"Authorization": f"Bearer {token}"}, {"Cookie": f"trackio_session={token}"},
    ):  # fmt: skip
        for path in ("/v1/projects", "/v1/experiments/exp_a", "/v1/series?experiment=exp_a&metric=lr", "/v1/shares"):
            assert shares.api.get(path, **headers).status_code == 401, (path, headers)
    for query in (f"?token={token}", f"?s={token}"):
        assert shares.api.get(f"/v1/projects{query}").status_code == 401
    assert shares.api.client.post("/v1/session", headers={"X-Trackio-Token": token}).status_code == 401


def test_an_owner_who_opens_a_link_gets_no_more_than_anyone(shares):
    link = shares.link("exp_a")
    assert shares.api.get(f"{link}/v1/experiments/{SECRET}", **WITH).status_code == 404
    assert shares.api.client.delete(f"{link}/v1/experiments/exp_a", headers=WITH).status_code == 404


def test_what_a_training_printed_and_where_it_ran_stay_behind(shares):
    shares.event("console", 4, stream="stdout", lines=["the password is hunter2"], dropped=0)
    shares.event("text", 5, step=1, values={"sample": "hunter2"})
    shares.event(
        "error", 6, step=1, error="ValueError", message="x" * 3000, trace="File /home/hunter2/train.py", rank=0
    )
    shares.event("mark", 7, step=1, mark="checkpoint", title="checkpoint-1", data={"path": "/home/hunter2"})
    link = shares.link("exp_a")
    told = [shares.api.get(link + path).text for path in (
        "", "/v1/experiments", "/v1/experiments/exp_a", "/v1/experiments/exp_a/events",
        "/v1/experiments/exp_a/events?kind=console&kind=text&kind=error&kind=start",
    )]  # fmt: skip
    assert not [text for text in told if "hunter2" in text or '"client"' in text or "w1" in text]
    events = json.loads(told[3])["events"]
    assert [e["content"]["kind"] for e in events] == ["error", "mark"]
    assert len(events[0]["content"]["message"]) == 500
    assert shares.api.get(f"{link}/v1/experiments/exp_a/events?kind=console").json() == {"events": [], "more": False}


def test_questions_through_a_link_are_bounded(shares):
    rows = Schema(("many",))
    for first in range(4, 120_004, 30_000):
        part = rows.frame + b"".join(
            metrics_frame(rows, k, 10_000 * k, (float(k),)) for k in range(first - 4, first + 29_996)
        )
        assert shares.api.send(batch(first, 0, count=30_000, body=part), **WITH).status_code == 200
    link = shares.link("exp_a")
    [all_of_it] = shares.api.get(f"{link}/v1/series?experiment=exp_a&metric=many").json()["series"]
    assert len(all_of_it["steps"]) <= 110_000
    too_long = {"experiments": ["exp_a"], "metrics": ["m" * 900] * 400}
    assert shares.api.client.post(f"{link}/v1/series", json=too_long).status_code == 413


def test_robots_may_read_previews_and_nothing_else(make_api):
    assert make_api(token=OWNER).get("/robots.txt").text == "User-agent: *\nAllow: /s/\nDisallow: /\n"
    public = make_api(token=OWNER, public=True)
    assert public.get("/robots.txt").text == "User-agent: *\nAllow: /\n"
    assert "x-robots-tag" not in public.get("/v1/projects").headers
