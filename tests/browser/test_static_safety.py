"""Nothing that others named or logged runs on a page without a server, and no word leaves it but to the Hub."""

from __future__ import annotations

import re
import time

from playwright.sync_api import expect

from tests.browser.static_page import STATIC, deploy, drawn, recent
from tests.hub.view_data import fill

pytestmark = STATIC


def test_names_and_texts_of_others_are_never_markup(world, page):
    bad = "<img src=x onerror=alert(1)>"
    url = deploy(world.hub, world.api)
    one = recent(1, name=bad, project="<script>alert(2)</script>", notes=bad)
    one.event(kind="console", stream="stdout", lines=[bad, "</script>"], time_us=int(time.time() * 1e6))
    (name,) = fill(world.store, one)
    world.push()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(url)
    expect(page.locator(".tk-row .tk-name")).to_have_attribute("title", re.compile("onerror"))
    page.goto(f"{url}?experiment={name}")
    expect(page.locator(".tk-head h1")).to_have_text(bad)
    expect(page.locator(".tk-log")).to_contain_text(bad)
    expect(page.locator("img")).to_have_count(0)
    assert dialogs == []


def test_the_policy_lets_no_foreign_script_run_and_no_word_out(world, page):
    url = deploy(world.hub, world.api)
    fill(world.store, recent(1))
    world.push()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(url)
    drawn(page)
    assert [text for text in said if "Content Security Policy" in text] == []
    outcome = page.evaluate("""async () => {
      const told = [];
      addEventListener("securitypolicyviolation", (event) => told.push(event.effectiveDirective));
      const script = document.createElement("script");
      script.textContent = "globalThis.ran = 1";
      document.head.append(script);
      await fetch("https://example.org/").catch(() => told.push("not fetched"));
      new Image().src = "https://example.org/pixel.png";
      const pause = () => new Promise((go) => setTimeout(go, 100));
      for (let i = 0; i < 300 && told.length < 4; i++) await pause(); // a picture's refusal comes later
      return [globalThis.ran ?? 0, told.sort()];
    }""")
    assert outcome == [0, ["connect-src", "img-src", "not fetched", "script-src-elem"]]
