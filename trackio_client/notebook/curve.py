"""One curve as a small inline SVG, in colours that stand on a light and on a dark ground."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Final

from trackio_client.snapshot.numbers import number

WIDTH: Final = 420
HEIGHT: Final = 96
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 10, 8, 18
_INK: Final = "#4f7be0"
_SMALL: Final = 'font-size="11" fill="currentColor" fill-opacity="0.7"'


def curve_svg(steps: Sequence[float], values: Sequence[float], title: str) -> str:
    """The picture; "" where fewer than two values are finite. A value that is no number leaves a gap.

    `steps` and `values` are of one length, a few hundred: who has more thins them first.
    """
    points = list(zip(map(float, steps), map(float, values), strict=True))
    finite = [(x, y) for x, y in points if math.isfinite(y)]
    if len(finite) < 2:
        return ""
    x0, x1 = finite[0][0], max(x for x, _ in finite)
    low, high = min(y for _, y in finite), max(y for _, y in finite)
    across = (WIDTH - _LEFT - _RIGHT) / ((x1 - x0) or 1.0)
    # Halved before they are subtracted: from -1e308 to 1e308 is further than a float tells.
    span = (high / 2 - low / 2) or 1.0
    down = HEIGHT - _TOP - _BOTTOM

    def at(x: float, y: float) -> str:
        return f"{_LEFT + (x - x0) * across:.1f} {_TOP + down * (1 - (y / 2 - low / 2) / span):.1f}"

    path, is_open = "", False
    for x, y in points:
        if math.isfinite(y):
            path += f"{'L' if is_open else 'M'}{at(x, y)}"
        is_open = math.isfinite(y)
    bottom = HEIGHT - _BOTTOM
    labels = [
        (_LEFT - 6, _TOP + 5, "end", number(high)), (_LEFT - 6, bottom, "end", number(low)),
        (_LEFT, HEIGHT - 4, "start", f"step {x0:,.0f}"), (WIDTH - _RIGHT, HEIGHT - 4, "end", f"{x1:,.0f}"),
    ]  # fmt: skip
    texts = "".join(
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" {_SMALL}>{escape(text)}</text>' for x, y, anchor, text in labels
    )
    said = escape(f"{title} from {number(finite[0][1])} to {number(finite[-1][1])}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" aria-label="{said}" style="max-width:100%"><title>{said}</title>'
        f'<path d="M{_LEFT} {bottom}H{WIDTH - _RIGHT}" stroke="currentColor" stroke-opacity="0.25"/>'
        f'<path d="{path}" fill="none" stroke="{_INK}" stroke-width="1.5" stroke-linejoin="round"/>{texts}</svg>'
    )
