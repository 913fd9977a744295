"""What tests of links share: the owner's token, and how a link is made."""

from __future__ import annotations

import httpx

TOKEN = "a-token-of-the-test"
OWNER = {"X-Trackio-Token": TOKEN}


def share(space, *trainings, **wish):
    asked = {"experiments": [each.experiment_id for each in trainings], **wish}
    made = httpx.post(f"{space.url}/v1/shares", json=asked, headers=OWNER, timeout=60)
    assert made.status_code == 200, made.text
    return made.json()


def sideways(page):
    """How far the page or what scrolls in it goes beyond the window."""
    return page.evaluate(
        "() => Math.max(...['html', '.tk', '.tk-body'].map((s) => document.querySelector(s))"
        ".map((el) => el.scrollWidth - el.clientWidth))"
    )
