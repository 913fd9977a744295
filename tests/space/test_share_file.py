"""The file of a page that needs nothing else."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import urlencode

from tests.space.conftest import batch
from tests.space.sharing import NAME, WITH, Meta
from trackio_client.wire.frames import event_frame


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
            # The large view, links, lineage, views of a link, and what draws media: a file has none.
            left = r"trackio/(media/\w+|base/markdown|charts/large|shell/share|sharing/places|experiment/lineage)\.js"
            is_left = re.match(left, wanted)
            assert wanted in modules or is_left, (name, wanted)
    data = json.loads(re.search(r'id="trackio-data">(.*?)</script>', page)[1])
    assert data["details"]["exp_a"]["notes"] == "</script><b>"
    assert set(data["series"]) == {"step", "time"}  # relative time is the latter less where an experiment began
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


def test_several_experiments_are_one_file_with_the_view_it_opens_with(shares):
    state = "x=relative&smooth=gaussian:0.5"

    def asked(*ids, **fields):
        return "/v1/snapshot.html?" + urlencode({"experiment": ids, **fields}, doseq=True)

    path = asked("exp_a", "exp_b", "exp_a", name="Two </title>", state=state)
    answer = shares.api.get(path, **WITH)
    assert answer.headers["content-disposition"] == 'attachment; filename="Two-title.html"'
    assert "<title>Two &lt;/title&gt; · Trackio</title>" in answer.text
    data = json.loads(re.search(r'id="trackio-data">(.*?)</script>', answer.text)[1])
    assert [row["experiment_id"] for row in data["experiments"]] == ["exp_a", "exp_b"]
    assert (data["state"], set(data["details"])) == (state, {"exp_a", "exp_b"})
    assert "exp_secret" not in answer.text
    refused = shares.api.get(asked("exp_a", "nowhere"), **WITH)
    assert refused.status_code == 404
    assert "'nowhere'" in refused.text
    assert shares.api.get(asked(*(f"exp_{n}" for n in range(51))), **WITH).status_code in (400, 422)
    assert shares.api.get(asked(), **WITH).status_code in (400, 422)
    assert shares.api.get(path).status_code == 401
