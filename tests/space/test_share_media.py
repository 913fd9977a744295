"""Media and artifacts through a link: those of its experiments, if it was made to show them, and nothing else."""

from __future__ import annotations

import hashlib
import json

import pytest

from space.api.access import Access
from space.api.tokens import Kind
from tests.space.conftest import SCHEMA, batch
from tests.space.sharing import SECRET, WITH
from trackio_client.wire.frames import event_frame

PIXELS = b"\x89PNG\r\n\x1a\n of exp_a"
PAGE = b"<script>alert(1)</script>"
WEIGHTS = b"weights of exp_a"
HIDDEN = b"\x89PNG\r\n\x1a\n nobody's business"
ROWS = b"rows that only the other made"
MADE = "a" * 64
USED = "d" * 64


def sha(content):
    return hashlib.sha256(content).hexdigest()


class Told:
    """What three experiments logged, and what a link gives of it."""

    def __init__(self, shares):
        self.shares, self.client = shares, shares.api.client
        picture = {"name": "val/samples", "media": "image", "items": [{"file": sha(PIXELS)}]}
        self.event("exp_a", "w1", "media", 4, (PIXELS, "image/png"), **picture)
        self.event("exp_a", "w1", "media", 5, (PAGE, "text/html"), name="page", media="html", items=[])
        self.event(SECRET, "w3", "media", 4, (HIDDEN, "image/png"), name="hidden", media="image", items=[])
        self.artifact(SECRET, "w3", 5, "rows", USED, ROWS)
        self.artifact(SECRET, "w3", 6, "model", MADE, WEIGHTS, time_us=4_000_000)  # the same content, before exp_a
        used = {"name": "rows", "type": "dataset", "version": 0, "digest": USED}
        self.event("exp_a", "w1", "artifact_used", 6, project="digits", **used)
        self.artifact("exp_a", "w1", 7, "model", MADE, WEIGHTS)
        self.artifact("exp_b", "w2", 4, "other model", "b" * 64, PAGE)

    def event(self, experiment, writer, kind, seq, *files, **fields):
        cited = []
        for content, mime in files:
            self.client.put(f"/v1/blobs/{sha(content)}", content=content, headers=WITH).raise_for_status()
            cited.append({"sha256": sha(content), "bytes": len(content), "mime": mime})
        body = SCHEMA.frame + event_frame({"kind": kind, "time_us": 5_000_000 + seq, "blobs": cited, **fields})
        sent = batch(seq, 0, count=1, body=body, writer=writer, experiment=experiment)
        assert self.shares.api.send(sent, writer=writer, **WITH).status_code == 200

    def artifact(self, experiment, writer, seq, name, digest, content, **more):
        here = {"path": "model.bin", "file": sha(content), "bytes": len(content), "reference": None}
        away = {"path": "far.bin", "file": None, "bytes": None, "reference": "file:///home/hunter2/far.bin"}
        meta = {"metadata": {"by": f"hunter2 of {experiment}"}, "description": "hunter2"}
        self.event(experiment, writer, "artifact", seq, (content, "text/html"), name=name, type="model", digest=digest,
                   files=[here, away], aliases=["hunter2"], **meta, **more)  # fmt: skip

    def all_of(self, link):
        """Every address below a link that gives media or artifacts, with its status."""
        entry = ["exp_a", "w1", 4]
        answers = {
            "media": self.client.post(f"{link}/v1/media", json={"experiments": ["exp_a"]}),
            "contents": self.client.post(f"{link}/v1/contents", json={"entries": [entry]}),
            "entry": self.client.get(f"{link}/v1/experiments/exp_a/index/w1/4"),
            "picture": self.client.get(f"{link}/v1/blobs/{sha(PIXELS)}"),
            "artifacts": self.client.get(f"{link}/v1/artifacts"),
            "artifact": self.one(link),
            "file": self.client.get(f"{link}/v1/blobs/{sha(WEIGHTS)}"),
        }
        return {name: each.status_code for name, each in answers.items()}

    def one(self, link, digest=MADE, name="model"):
        return self.client.get(f"{link}/v1/artifacts/{digest}", params={"project": "digits", "name": name})


MEDIA_OF = ("media", "contents", "entry", "picture")
ARTIFACTS_OF = ("artifacts", "artifact", "file")


@pytest.fixture
def told(shares):
    return Told(shares)


@pytest.mark.parametrize("shows", [None, [], ["media"], ["artifacts"], ["artifacts", "media"]])
def test_a_link_opens_what_it_was_made_to_show(told, shows):
    made = told.shares.make("exp_a", **({} if shows is None else {"shows": shows}))
    wanted = ["media"] if shows is None else shows  # as links did of which nobody said anything
    assert made["shows"] == [word for word in ("media", "artifacts") if word in wanted]
    link = made["address"].removeprefix("http://127.0.0.1")
    opens = {"media": "media" in wanted, "artifacts": "artifacts" in wanted}
    assert told.client.get(f"{link}/v1/holds").json() == opens
    expected = {**dict.fromkeys(MEDIA_OF, opens["media"]), **dict.fromkeys(ARTIFACTS_OF, opens["artifacts"])}
    assert told.all_of(link) == {name: 200 if is_open else 404 for name, is_open in expected.items()}
    listed = told.client.get(f"{link}/v1/experiments/exp_a/index").json()["entries"]
    assert [e["name"] for e in listed] == (["val/samples", "page"] if opens["media"] else [])
    assert told.client.get(link).status_code == 200, "its charts are open all the same"


def test_revoked_binned_and_deleted_close_media_and_artifacts_too(told):
    both = {"shows": ["media", "artifacts"]}
    revoked, kept = told.shares.make("exp_a", **both), told.shares.link("exp_a", "exp_b", **both)
    link = revoked["address"].removeprefix("http://127.0.0.1")
    assert set(told.all_of(link).values()) == {200}
    told.client.delete(f"/v1/shares/{revoked['id']}", headers=WITH)
    assert set(told.all_of(link).values()) == {404}
    assert told.client.get(f"{link}/v1/holds").status_code == 404
    assert set(told.all_of(kept).values()) == {200}
    told.client.post("/v1/bin", json={"experiments": ["exp_a"]}, headers=WITH).raise_for_status()
    assert {name for name, status in told.all_of(kept).items() if status == 200} == {"artifacts"}
    listed = told.client.get(f"{kept}/v1/artifacts").json()["artifacts"]
    assert [each["name"] for each in listed] == ["other model"]
    told.client.post("/v1/bin/restore", json={"experiments": ["exp_a"]}, headers=WITH).raise_for_status()
    assert set(told.all_of(kept).values()) == {200}
    told.client.delete("/v1/experiments/exp_a?now=1", headers=WITH)
    assert {name for name, status in told.all_of(kept).items() if status == 200} == {"artifacts"}


def test_no_guess_opens_media_or_files_of_others(told):
    link = told.shares.link("exp_a", shows=["media", "artifacts"])
    post = lambda path, **asked: told.client.post(f"{link}/v1/{path}", json=asked)  # noqa: E731
    for others in (["exp_a", SECRET], ["exp_b"], ["nowhere"]):
        assert post("media", experiments=others).status_code == 404
        assert post("contents", entries=[[each, "w3", 4] for each in others]).status_code == 404
    # Another's entry under the name of a shared experiment, and entries of it that are no media.
    tried = [["exp_a", "w3", 4], ["exp_a", "w1", 0], ["exp_a", "w1", 6], ["exp_a", "w1", 7]]
    assert post("contents", entries=tried).json() == {"contents": [None] * 4}
    for hidden in (HIDDEN, ROWS, b"nothing"):
        assert told.client.get(f"{link}/v1/blobs/{sha(hidden)}").status_code == 404
        assert told.client.head(f"{link}/v1/blobs/{sha(hidden)}").status_code == 404
    for wrong in ({"entries": [["exp_a", "w1"]]}, {"entries": [["exp_a", "w1", 4]] * 257}):
        assert told.client.post(f"{link}/v1/contents", json=wrong).status_code == 400
    assert post("media", experiments=["x" * 200] * 2000).status_code == 413
    for method, path in (("GET", "media"), ("PUT", "contents"), ("POST", "artifacts"), ("POST", "holds")):
        assert told.client.request(method, f"{link}/v1/{path}", json={}).status_code == 404, path


def test_a_page_of_a_user_is_as_harmless_through_a_link(told):
    link = told.shares.link("exp_a", shows=["media"])
    own, shared = (told.client.get(f"{root}/v1/blobs/{sha(PAGE)}?name=a.html", headers=WITH) for root in ("", link))
    assert shared.content == PAGE
    for header in ("content-type", "content-disposition", "content-security-policy", "x-content-type-options"):
        assert shared.headers[header] == own.headers[header]
    assert shared.headers["content-disposition"].startswith('attachment; filename="a.html"')
    assert shared.headers["content-type"] == "application/octet-stream"


def test_artifacts_are_told_of_the_shared_experiments_alone(told):
    link = told.shares.link("exp_a", shows=["artifacts"])
    listed = told.client.get(f"{link}/v1/artifacts")
    model, rows = listed.json()["artifacts"]
    # SECRET logged this content first, so its number is not exp_a's to tell.
    assert (model["name"], model["version"], model["digest"]) == ("model", None, MADE)
    assert (model["made_by"], model["time_s"], model["bytes"]) == (["exp_a"], 5.000007, len(WEIGHTS))
    assert (rows["name"], rows["version"], rows["made_by"], rows["used_by"]) == ("rows", 0, [], ["exp_a"])
    assert (rows["bytes"], rows["file_count"], rows["time_s"]) == (None, None, None)
    one = told.one(link)
    assert one.json()["from"] == [{"name": "rows", "version": 0, "digest": USED}]
    assert one.json()["files"] == [
        {"path": "model.bin", "bytes": len(WEIGHTS), "file": sha(WEIGHTS)},
        {"path": "far.bin", "bytes": None, "file": None},
    ]
    assert told.one(link, USED, "rows").json()["files"] == []
    assert told.one(link, "b" * 64, "other model").status_code == 404
    assert not [text for text in (listed.text, one.text) if "hunter2" in text or SECRET in text]
    told.shares.api.store.files.path(sha(WEIGHTS)).unlink()  # it lies in a repo, or nowhere
    assert [file["file"] for file in told.one(link).json()["files"]] == [None, None]
    assert told.client.get(f"{link}/v1/blobs/{sha(WEIGHTS)}").status_code == 404


def test_what_is_logged_later_is_told(told):
    link = told.shares.link("exp_b", shows=["artifacts"])
    assert told.client.get(f"{link}/v1/artifacts").json()["total"] == 1
    told.artifact("exp_b", "w2", 5, "another", "e" * 64, b"another")
    found = told.client.get(f"{link}/v1/artifacts?limit=1").json()
    assert ([each["name"] for each in found["artifacts"]], found["total"]) == (["another"], 2)


def test_nobody_widens_a_link_by_a_list_that_was_edited(told):
    refused = told.shares.make("exp_a", status=400, shows=["media", "everything"])
    assert "a list of 'media' and 'artifacts', got 'everything'" in refused["detail"]
    assert "got 'media'" in told.shares.make("exp_a", status=400, shows="media")["detail"]
    made = Access(None, secret="s")
    _, narrow = made.add(Kind.SHARE, "narrow", experiments=["exp_a"], shows=[])
    _, usual = made.add(Kind.SHARE, "usual", experiments=["exp_a"])
    state = json.loads(made.access_state())
    again = Access(None, secret="s")
    again.adopt_access(json.dumps(state).encode())
    assert (again.entry_of(narrow).shows, again.entry_of(usual).shows) == ((), ("media",))
    for entry in state["entries"]:
        entry["shows"] = ["media", "artifacts"]
    edited = Access(None, secret="s")
    edited.adopt_access(json.dumps(state).encode())
    assert (edited.entry_of(narrow), edited.entry_of(usual)) == (None, None)
