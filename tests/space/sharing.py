"""An API with links that its owner gave away, and what a chat reads of their pages."""

from __future__ import annotations

import html.parser

from tests.space.conftest import SCHEMA, batch
from trackio_client.wire.frames import event_frame

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
