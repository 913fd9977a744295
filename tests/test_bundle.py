"""The page's first modules as one file: each module once, what it exports, and no form of import that is not known."""

from __future__ import annotations

import re

import pytest

from trackio_client.view import bundle, modules, source
from trackio_client.view.bundle import Bundle, Unbundled, exported


def test_the_page_holds_each_module_once_behind_those_that_it_needs():
    page = Bundle("boot.js").page
    order = re.findall(r'^globalThis\.trackioModules\["([^"]+)"\] = ', page, re.MULTILINE)
    assert sorted(order) == list(modules("boot.js"))
    assert order[-1] == "boot.js"
    assert order.index("base/dom.js") < order.index("charts/chart.js") < order.index("charts/grid.js")
    assert page.rstrip().endswith('export const { mount, shell } = globalThis.trackioModules["boot.js"];')
    code = [line for line in page.splitlines() if "/**" not in line and not line.lstrip().startswith("*")]
    later = re.findall(r'import\("([^"]+)"\)', "\n".join(code))
    assert "./compare/compare.js" in later
    for name in later:
        assert source(name.removeprefix("./")), "what is fetched later is named from where the page's file lies"


def test_a_module_below_the_root_takes_from_the_page_what_the_page_holds():
    page = Bundle("boot.js")
    later = (page.file("compare/compare.js") or b"").decode()
    assert 'const { fill, h, text } = globalThis.trackioModules["base/dom.js"];' in later
    assert 'import { Rows } from "./rows.js";' in later
    held = (page.file("base/dom.js") or b"").decode()
    assert held.startswith('import "../page.js";\nexport const { ')
    assert {"h", "fill", "text"} <= exported(source("base/dom.js").decode())
    own = (page.file("charts/large.js") or b"").decode()
    assert 'new URL("../../charts/large.js", import.meta.url).href' in own, "an address of its own is the library's"
    assert (page.file("styles/all.css") or b"").startswith(source("styles/page.css"))
    assert page.file("plotly.min.js") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import * as dom from './b.js';\nexport const a = 1;", "import \\* as dom"),
        ("export default 3;", "export default 3"),
        ("export let count = 0;", "export let count"),
    ],
)
def test_a_form_that_is_not_known_is_named(monkeypatch, text, says):
    monkeypatch.setattr(bundle, "source", lambda name: text.encode())
    monkeypatch.setattr(bundle, "modules", lambda first: (first,))
    with pytest.raises(Unbundled, match=f"a.js: .*{says}"):
        _ = Bundle("a.js").page


def test_modules_that_wait_for_each_other_are_named(monkeypatch):
    texts = {"a.js": 'import { b } from "./b.js";\nexport const a = 1;', "b.js": 'import { a } from "./a.js";\n'}
    monkeypatch.setattr(bundle, "source", lambda name: texts[name].encode())
    monkeypatch.setattr(bundle, "modules", lambda first: tuple(texts))
    with pytest.raises(Unbundled, match=r"a\.js imports b\.js imports a\.js"):
        _ = Bundle("a.js").page
