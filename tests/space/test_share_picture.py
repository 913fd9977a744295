"""The picture that a chat shows under a link."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from space.api.tokens import Kind
from space.sharing.preview import Previews
from tests.space.conftest import batch
from tests.space.sharing import WITH
from trackio_client.wire.frames import Schema, event_frame, metrics_frame


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
        *([1e-300, 2e-300], [7.0] * 3, [5e-324, 0.0], [-1e12, -1e12 + 1], [1.75e308] * 3, [-1.7e308, 1.7e308]),
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
