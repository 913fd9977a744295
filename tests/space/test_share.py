"""Share links: what they open, and that they open nothing else."""

from __future__ import annotations

import asyncio
import base64
import html.parser
import io
import json
import re
import time

import pytest
from PIL import Image

from space.api.access import Access
from space.api.problems import Problem
from space.api.tokens import Kind
from space.settings import HubSettings
from space.sharing.preview import Previews
from space.sharing.rate import BURST, Rate
from tests.space.conftest import SCHEMA, batch
from trackio_client.wire.frames import Schema, event_frame, metrics_frame

OWNER = "a-token-of-the-test"
WITH = {"X-Trackio-Token": OWNER}
SECRET = "exp_secret"
NAME = '<script>alert("x")</script> & co'


class Meta(html.parser.HTMLParser):
    """The meta data of a page, as a chat reads them."""

    def __init__(self, text):
        super().__init__()
        self.found = {}
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        fields = dict(attrs)
        if tag == "meta" and (key := fields.get("property") or fields.get("name")):
            self.found[key] = fields["content"]


class Shares:
    """An API with three experiments, one of which is never shared, and what its owner does with links."""

    def __init__(self, api):
        self.api = api
        for experiment, writer in (("exp_a", "w1"), ("exp_b", "w2"), (SECRET, "w3")):
            assert api.send(batch(experiment=experiment, writer=writer), writer=writer, **WITH).status_code == 200

    def make(self, *experiments, status=200, **wish):
        made = self.api.client.post("/v1/shares", json={"experiments": list(experiments), **wish}, headers=WITH)
        assert made.status_code == status, made.text
        return made.json()

    def link(self, *experiments, **wish):
        return self.make(*(experiments or ["exp_a"]), **wish)["address"].removeprefix("http://127.0.0.1")

    def event(self, kind, seq, **fields):
        frame = event_frame({"kind": kind, "time_us": 5_000_000, **fields})
        assert self.api.send(batch(seq, 0, count=1, body=SCHEMA.frame + frame), **WITH).status_code == 200


@pytest.fixture
def shares(make_api):
    return Shares(make_api(token=OWNER))


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
    assert binary.content[:4] == b"TKS1"


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


# --- links that do not open -------------------------------------------------------------------------------------------


def test_cut_edited_revoked_ended_and_foreign_links_are_one_page(shares, make_api):
    link, other = shares.link("exp_a"), shares.make("exp_a")
    ended = shares.link("exp_a", ends_s=time.time() + 0.2)
    of_another = Access(None, secret="another").add(Kind.SHARE, "x", experiments=["exp_a"])[1]
    flipped = link[:-4] + ("A" if link[-4] != "A" else "B") + link[-3:]
    mixed = link[:20] + other["address"].rpartition("/")[2][17:]
    shares.api.client.delete(f"/v1/shares/{other['id']}", headers=WITH)
    deleted = shares.link("exp_b")
    shares.api.client.delete("/v1/experiments/exp_b", headers=WITH)
    deadline = time.monotonic() + 5
    while shares.api.get(ended).status_code == 200:
        assert time.monotonic() < deadline
    revoked = other["address"].removeprefix("http://127.0.0.1")
    edited = [link[:-1], link + "A", link + "=", flipped, "/s/" + link[3:].swapcase(), mixed]
    strange = [f"/s/{of_another}", "/s/x", "/s/", "/s/" + "A" * 36, "/s/é", "/s/%00", "/s/a/b"]
    wrong = [ended, revoked, deleted, *edited, *strange]
    pages = {path: shares.api.get(path) for path in wrong}
    pages |= {path + " embedded": shares.api.get(path.replace("/s/", "/embed/")) for path in wrong}
    assert {page.status_code for page in pages.values()} == {404}
    assert len({page.text for page in pages.values()}) == 1, "nothing tells them apart"
    [words] = {page.text for page in pages.values()}
    assert "This link is not valid" in words
    assert "Ask whoever sent it to you" in words
    for path in wrong[:8]:
        below = shares.api.get(f"{path}/v1/experiments")
        assert (below.status_code, below.headers["content-type"]) == (404, "application/problem+json"), path
        assert shares.api.get(f"{path}/preview.png").status_code == 404
    assert shares.api.get(link).status_code == 200


def test_a_revoked_link_closes_for_pages_that_are_open(shares):
    made = shares.make("exp_a")
    link = made["address"].removeprefix("http://127.0.0.1")
    assert shares.api.get(f"{link}/v1/experiments").status_code == 200
    shares.api.client.delete(f"/v1/shares/{made['id']}", headers=WITH)
    for path in ("", "/v1/experiments", "/v1/metrics", "/v1/series?experiment=exp_a&metric=lr", "/preview.png"):
        assert shares.api.get(link + path).status_code == 404, path
    assert shares.api.get("/v1/shares", **WITH).json()["shares"] == []


def test_before_the_repo_was_read_a_link_says_to_wait(shares):
    link = shares.link("exp_a")
    access = shares.api.client.app.state.access
    state = access.access_state()
    access.hold()
    page = shares.api.get(link)
    assert (page.status_code, page.headers["retry-after"]) == (503, "3")
    assert 'http-equiv="refresh"' in page.text
    assert shares.api.get(f"{link}/v1/experiments").headers["retry-after"] == "3"
    assert shares.api.client.post("/v1/shares", json={"experiments": ["exp_a"]}, headers=WITH).status_code == 503
    access.adopt_access(state)
    assert shares.api.get(link).status_code == 200


def test_a_private_space_shares_nothing_and_says_why(make_api):
    hub = HubSettings(space_id="me/otter", visibility="private")
    shares = Shares(make_api(token=OWNER, on_space=True, hub=hub))
    refused = shares.make("exp_a", status=403)
    assert "This Space is private" in refused["detail"]
    assert "snapshot.html" in refused["hint"]
    listed = shares.api.get("/v1/shares", **WITH).json()
    assert (listed["can_share"], listed["why_not"]) == (False, refused["detail"])
    _, token = shares.api.client.app.state.access.add(Kind.SHARE, "from before", experiments=["exp_a"])
    assert shares.api.get(f"/s/{token}").status_code == 404
    assert shares.api.get("/v1/experiments/exp_a/snapshot.html", **WITH).status_code == 200


def test_wrong_wishes_for_a_link_are_refused_in_words(shares):
    one = {"experiments": ["exp_a"]}
    for wish, status, words in (
        ({}, 400, "experiments must be a list of ids"),
        ({"experiments": []}, 400, "1 to 100 experiments"),
        ({"experiments": ["nowhere"]}, 404, "there is no experiment 'nowhere'"),
        ({"experiments": "exp_a"}, 400, "a list"),
        ({"experiments": ["../x"]}, 400, "a list of ids"),
        ({"experiments": [None]}, 400, "a list of ids"),
        (one | {"ends_s": 1}, 400, "a time to come"),
        (one | {"name": ""}, 400, "must not be empty"),
        (one | {"name": 5}, 400, "must be text"),
        (one | {"ends": 1}, 400, "got 'ends'"),
    ):
        refused = shares.api.client.post("/v1/shares", json=wish, headers=WITH)
        assert refused.status_code == status, (wish, refused.text)
        assert words in refused.json()["detail"], wish


def test_deleted_experiments_leave_a_comparison(shares):
    link = shares.link("exp_a", "exp_b")
    shares.api.client.delete("/v1/experiments/exp_a", headers=WITH)
    assert [row["experiment_id"] for row in shares.api.get(f"{link}/v1/experiments").json()["experiments"]] == ["exp_b"]
    assert shares.api.get(link).status_code == 200


def test_one_link_may_ask_so_much_and_another_is_not_slowed():
    now = [0.0]
    rate = Rate(per_s=2, burst=5, clock=lambda: now[0])
    for _ in range(5):
        rate.take("a")
    with pytest.raises(Problem) as refused:
        rate.take("a")
    assert (refused.value.status, refused.value.retry_after_s) == (429, 5)
    rate.take("b")
    now[0] = 1.0
    rate.take("a")
    rate.take("a")
    with pytest.raises(Problem):
        rate.take("a")


def test_a_link_that_is_asked_too_much_answers_429_and_goes_on(shares):
    link = shares.link("exp_a")
    state = shares.api.client.app.state
    rate, id_ = state.links.rate, state.access.entry_of(link.removeprefix("/s/")).id
    for _ in range(int(BURST)):  # what the link may ask at once
        rate.take(id_)
    answers = [shares.api.get(f"{link}/v1/experiments") for _ in range(60)]
    assert "5" in {answer.headers.get("retry-after") for answer in answers if answer.status_code == 429}
    assert shares.api.get("/v1/projects", **WITH).status_code == 200


# --- the picture ------------------------------------------------------------------------------------------------------


def picture(shares, link):
    answer = shares.api.get(f"{link}/preview.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    return Image.open(io.BytesIO(answer.content)).convert("RGB"), answer.content


def test_the_preview_is_drawn_from_the_curve(shares):
    image, raw = picture(shares, shares.link("exp_a"))
    assert image.size == (1200, 630)
    assert len(raw) < 200_000
    blue = [
        (x, y) for x in range(110, 1150, 4) for y in range(230, 540, 2) if near(image.getpixel((x, y)), (66, 105, 208))
    ]
    assert blue, "the line"
    assert min(y for x, y in blue if x < 200) < min(y for x, y in blue if x > 1000), "a loss that falls"


def near(a, b):
    return all(abs(i - j) < 40 for i, j in zip(a, b, strict=True))


def test_a_preview_is_drawn_once_a_minute_at_most(shares):
    from space.api.access import Entry
    from space.sharing.scope import Shared

    now = [0.0]
    previews = Previews(clock=lambda: now[0])
    entry = Entry(id="0" * 12, kind=Kind.SHARE, name="x", experiments=("exp_a",), created_s=0)

    def drawn():
        return previews.of(Shared(shares.api.store, entry, now_s=100.0, lost_contact_s=60.0))

    first = drawn()
    shares.api.send(batch(4, 5), **WITH)
    assert drawn() is first
    now[0] = 61.0
    assert drawn() != first


@pytest.mark.parametrize(
    "values",
    [
        *([], [1.0], [float("nan")] * 5, [float("inf"), 1.0, float("-inf")], [0.0] * 9, [1e300, -1e300, 0.0]),
        *([1e-300, 2e-300], [7.0] * 3, [5e-324, 0.0], [-1e12, -1e12 + 1]),
    ],
)
def test_any_curve_gives_a_picture(shares, values):
    rows = Schema(("loss",))
    body = rows.frame + event_frame({"kind": "start", "time_us": 0, "name": "n" * 250 + " 日本 \u202e🙂"})
    body += b"".join(metrics_frame(rows, k, k, (v,)) for k, v in enumerate(values))
    sent = batch(0, 0, writer="w9", experiment="exp_odd", count=1 + len(values), body=body)
    assert shares.api.send(sent, writer="w9", **WITH).status_code == 200
    link = shares.link("exp_odd")
    assert picture(shares, link)[0].size == (1200, 630)
    assert shares.api.get(link).status_code == 200


# --- the file ---------------------------------------------------------------------------------------------------------


def test_a_snapshot_holds_all_it_needs_and_asks_nothing(shares):
    shares.api.client.patch("/v1/experiments/exp_a", json={"name": NAME, "notes": "</script><b>"}, headers=WITH)
    answer = shares.api.get("/v1/experiments/exp_a/snapshot.html", **WITH)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="script-alert-x-script-co.html"'
    page = answer.text
    modules = json.loads(re.search(r'<script type="importmap">(.*?)</script>', page)[1])["imports"]
    for name, address in modules.items():
        source = base64.b64decode(address.partition(",")[2]).decode()
        for found in re.findall(r"""from "([^"]+)";|import\("([^"]+)"\)""", source):
            wanted = found[0] or found[1]
            # The large view, and what draws media: a file has none.
            is_left = wanted == "trackio/large.js" or re.match(r"trackio/(media\w+|markdown)\.js", wanted)
            assert wanted in modules or is_left, (name, wanted)
    data = json.loads(re.search(r'id="trackio-data">(.*?)</script>', page)[1])
    assert data["details"]["exp_a"]["notes"] == "</script><b>"
    assert set(data["series"]) == {"step", "time", "relative"}
    assert Meta(page).tags.count("script") == 3
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?/""", page)
    assert "default-src 'none'" in page


def test_a_snapshot_of_an_experiment_without_numbers_says_so(shares):
    body = event_frame({"kind": "start", "time_us": 0, "name": "日本"})
    shares.api.send(batch(0, 0, writer="w8", experiment="exp_new", count=1, body=body), writer="w8", **WITH)
    answer = shares.api.get("/v1/experiments/exp_new/snapshot.html", **WITH)
    assert 'filename="exp_new.html"' in answer.headers["content-disposition"]
    assert shares.api.get("/v1/experiments/nowhere/snapshot.html", **WITH).status_code == 404
    assert shares.api.get("/v1/experiments/exp_a/snapshot.html").status_code == 401


def test_robots_may_read_previews_and_nothing_else(make_api):
    assert make_api(token=OWNER).get("/robots.txt").text == "User-agent: *\nAllow: /s/\nDisallow: /\n"
    public = make_api(token=OWNER, public=True)
    assert public.get("/robots.txt").text == "User-agent: *\nAllow: /\n"
    assert "x-robots-tag" not in public.get("/v1/projects").headers
