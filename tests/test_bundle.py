"""The page's first modules as one file: each module once, what it exports, and no form of import that is not known."""

from __future__ import annotations

import re
from functools import cache

import pytest

from trackio_client.view import bundle, modules, source
from trackio_client.view.bundle import TYPE, Bundle, Unbundled, exported, without_comments

MODULES = [name for name in modules("boot.js", later=True) if name.endswith(".js")]


def test_the_page_holds_each_module_once_behind_those_that_it_needs():
    page = Bundle("boot.js").page
    order = re.findall(r'^globalThis\.trackioModules\["([^"]+)"\] = ', page, re.MULTILINE)
    assert sorted(order) == list(modules("boot.js"))
    assert order[-1] == "boot.js"
    assert order.index("base/dom.js") < order.index("charts/chart.js") < order.index("charts/grid.js")
    assert page.rstrip().endswith('export const { mount, shell } = globalThis.trackioModules["boot.js"];')
    later = re.findall(r'(?<![{.\w])import\("([^"]+)"\)', page)
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
    assert (page.file("styles/all.css") or b"").startswith(
        without_comments(source("styles/page.css").decode()).encode()
    )
    assert page.file("plotly.min.js") is None


def test_lines_that_are_comments_stay_behind_and_nothing_else():
    text = """// @ts-check
/** Over
 * lines. */
const a = "// no comment"; // stays
  /* one line */
  const b = /** @type {number} */ (1); /** @type {{a: {b: string}}} */
/** Then. */
const c = `a /* b`;
"""
    assert without_comments(text) == ('const a = "// no comment"; // stays\nconst b = (1); \nconst c = `a /* b`;\n')


@pytest.mark.parametrize("name", MODULES)
def test_no_text_of_a_script_goes_over_lines_or_looks_like_a_comment(name):
    text = source(name).decode()
    assert [text[begin:end] for begin, end in texts_of(text) if "\n" in text[begin:end]] == []
    assert [text[begin:end] for begin, end in texts_of(text) if TYPE.search(text[begin:end])] == []


TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`|[{}]|"""
    r"""(?:(?<=[(,=:\[!&|?;+{}>])\s*|\breturn\s+)/(?![/*])(?:\\.|\[(?:\\.|[^\]\n\\])*\]|[^/\n\\\[])+/""",
    re.DOTALL,
)


def texts_of(text: str) -> list[tuple[int, int]]:
    """Where texts in quotes, and the parts of those in backticks, begin and end in a script."""
    found, at, open_braces = [], 0, []
    while token := TOKEN.search(text, at):
        at = token.end()
        if token[0][0] in "\"'":
            found.append((token.start() + 1, at - 1))
        if token[0] == "{" and open_braces:
            open_braces[-1] += 1
        elif token[0] == "}" and open_braces and open_braces[-1]:
            open_braces[-1] -= 1
        elif token[0] == "`" or (token[0] == "}" and open_braces):  # a text begins, or goes on behind a value
            if token[0] == "}":
                open_braces.pop()
            end = re.compile(r"(?:\\.|[^`$\\]|\$(?!\{))*", re.DOTALL).match(text, at).end()
            found.append((at, end))
            at = end + (1 if text[end] == "`" else 2)
            if text[end] == "$":
                open_braces.append(0)
    assert not open_braces
    return found


def test_texts_are_found():
    text = "const a = /[`]/.test(b) ? 'one' : `two\n${c ? `three\n` : \"`\"} {four\n`; // `\nd(e, `/* five\n*/`);"
    found = [text[a:b] for a, b in texts_of(text)]
    assert found == ["one", "two\n", "three\n", "`", " {four\n", "/* five\n*/"]


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


@cache
def all_exported():
    return frozenset().union(*(exported(source(name).decode()) for name in MODULES))


@pytest.mark.parametrize("name", MODULES)
def test_what_a_module_calls_of_others_it_imports(name):
    """A name that stands nowhere but in calls was declared nowhere: only who comes by would see it fail."""
    code = without_comments(source(name).decode())
    for begin, end in reversed(texts_of(code)):
        code = code[:begin] + code[end:]
    called, declared = set(), set(re.findall(r"^ *(?:async |static |get )*(\w+)\(.*\) \{", code, re.MULTILINE))
    for function, word, call in re.findall(r"(function\*? +)?(?<![\w.#$])([A-Za-z]\w+)\b(\(?)", code):
        (called if call and not function else declared).add(word)
    assert not called & all_exported() - declared
