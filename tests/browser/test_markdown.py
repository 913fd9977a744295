# ruff: noqa: E501 (scripts for the browser, and attacks as they are)
"""Markdown that others wrote: whatever it says, it runs nothing and asks nobody for anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.chart_page import ChartServer, serving

pytestmark = pytest.mark.browser

HASH = "ab" * 32


@pytest.fixture(scope="module")
def modules(browser: Any) -> Iterator[Any]:
    """A page on which the modules can be imported by `/lib/…`; no attack may ask anybody for anything."""
    with serving(ChartServer([], [], {})) as server:
        page = browser.new_page()
        asked: list[str] = []
        page.goto(server.url())
        page.wait_for_function("() => window.ready")
        page.on("request", lambda request: asked.append(request.url))
        page.on("dialog", lambda dialog: asked.append("dialog"))
        yield page
        assert [url for url in asked if "/lib/" not in url and "/v1/" not in url] == []
        page.close()


MARKDOWN = """async ([words, blob]) => {
  const { markdown } = await import("/lib/base/markdown.js");
  const holder = document.createElement("div");
  const began = performance.now();
  holder.append(...markdown(words, blob ? { blob: (hash) => `/v1/blobs/${hash}` } : {}));
  document.body.append(holder);
  const all = [...holder.querySelectorAll("*")];
  const found = {
    html: holder.innerHTML.slice(0, 4000), text: holder.textContent.length, ms: performance.now() - began, nodes: all.length,
    tags: [...new Set(all.map((each) => each.tagName))].sort(),
    hrefs: all.filter((each) => each.hasAttribute("href")).map((each) => [each.getAttribute("href"), each.getAttribute("rel")]),
    srcs: all.filter((each) => each.hasAttribute("src")).map((each) => each.getAttribute("src")),
    handlers: all.filter((each) => [...each.attributes].some(({ name }) => name.startsWith("on") || name === "style")).length,
  };
  holder.remove();
  return found;
}"""
# What may come out of it.
SAFE = {"A", "B", "BLOCKQUOTE", "CODE", "DIV", "EM", "H3", "H4", "H5", "H6", "HR", "IMG", "LI", "OL", "P", "PRE", "S"}
SAFE |= {"SPAN", "TABLE", "TBODY", "TD", "TH", "THEAD", "TR", "UL"}


def markdown(modules: Any, words: str, *, blob: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = modules.evaluate(MARKDOWN, [words, blob])
    assert set(found["tags"]) <= SAFE
    assert found["handlers"] == 0
    return found


ATTACKS = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](java\tscript:alert(1))", "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)", "[x](vbscript:x)", "[x](//evil.example)", "[x](/logout)", "[x](http:/\\evil)",
    "![x](https://evil.example/pixel.png)", "![x](data:image/svg+xml,<svg onload=alert(1)>)", "![x](javascript:alert(1))",
    '[x](https://a.example "t" onmouseover=alert(1))', '[x](https://a.example/"onclick="alert(1))', "<https://a.example/<b>>",
    "[a[b](javascript:x)](https://a.example)", "`<script>`", "```html\n<script>alert(1)</script>\n```", "![x](sha256:zz)",
    "[![x](https://evil.example/p.png)](javascript:alert(1))", "<svg/onload=alert(1)>", "[x]: javascript:alert(1)\n[x]",
]  # fmt: skip


def test_no_markdown_runs_a_script_or_loads_from_elsewhere(modules: Any) -> None:
    for attack in ATTACKS:
        for words in (attack, f"# {attack}", f"- {attack}", f"> {attack}", f"|a|\n|--|\n|{attack}|", f"**{attack}**"):
            found = markdown(modules, words)
            assert found["srcs"] == [], words
            for href, rel in found["hrefs"]:
                assert href.startswith(("https://a.example", "https://evil.example/p")), words
                assert rel == "noopener noreferrer nofollow ugc"


def test_what_markdown_is_for_is_drawn(modules: Any) -> None:
    words = (
        f"# A\n\n**b** _c_ ~~d~~ `e|<f>` snake_case_name 2*3*4 \\*g\\*\n\n- [x] done\n- [ ] open\n  1. one\n\n"
        f"| m | n |\n|---|---|\n| `x` | 1\\|2 |\n\n[top](#log) [other](?experiment=exp_a) ![loss](sha256:{HASH}) https://a.example/x.\n"
    )
    found = markdown(modules, words)
    html = found["html"]
    for part in (
        "<h3>A</h3>", "<b>b</b>", "<em>c</em>", "<s>d</s>", "<code>e|&lt;f&gt;</code>", "snake_case_name", "2*3*4", " *g*",
        "☑ done", "☐ open", '<ol start="1">', "<td>1|2</td>",
    ):  # fmt: skip
        assert part in html, part
    assert found["srcs"] == [f"/v1/blobs/{HASH}"]
    assert [href for href, _ in found["hrefs"]] == ["#log", "?experiment=exp_a", "https://a.example/x"]
    assert markdown(modules, f"![loss](sha256:{HASH})", blob=False)["srcs"] == []


LONG = [
    "**a ", "[", "[a](", "`", "`a", "*a_", "- ", "> ", "- a\n", "  - x\n    - y\n", "![](", "~~", "http://", "```\n~~~\n",
    "|a\n|-|\n", "\\", "_a_", "# " + " " * 30_000 + "x", "|" * 30_000 + "\n" + " " * 30_000, "- - - " * 9_000 + "x",
]  # fmt: skip


def test_a_million_letters_of_anything_are_drawn_and_cut(modules: Any) -> None:
    for part in LONG:  # one whose time grows with the square of its length would not come back
        assert markdown(modules, (part * (60_000 // len(part) + 1))[:60_000])["nodes"] <= 60_000, part[:20]
    assert 200_000 <= markdown(modules, "word " * 200_000)["text"] < 200_100
