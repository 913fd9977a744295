# ruff: noqa: E501 (scripts for the browser)
"""WCAG 2.2 AA as axe-core checks it, and what axe cannot: keyboard, focus, size of targets, zoom."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from tests.browser.waiting import becomes

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

_RUN = """async ([tags, rules]) => {
  const run = rules ? { type: 'rule', values: rules } : { type: 'tag', values: tags };
  const found = await axe.run(document, { runOnly: run, resultTypes: ['violations'], elementRef: false });
  return found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')} | ${n.html.slice(0, 140)} | ${(n.any[0] ?? n.all[0] ?? n.none[0])?.message ?? v.help}`));
}"""

UNFOCUSED = """() => {
  const style = getComputedStyle(document.activeElement);
  const el = document.activeElement;
  if (el === document.body) return null;
  const ring = (s) => (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none';
  const around = el.closest('.tk-field, label, .tk-range');
  const seen = ring(style) || (around && (ring(getComputedStyle(around)) || getComputedStyle(around).borderColor !== style.color));
  const box = el.getBoundingClientRect();
  const key = `${el.tagName} ${el.className?.baseVal ?? el.className} ${el.getAttribute('aria-label') ?? el.id ?? ''} ${el.textContent.trim().slice(0, 30)}`;
  return { key, seen: Boolean(seen), on: box.width > 0 && box.height > 0, place: [Math.round(box.x), Math.round(box.y)].join() };
}"""
"""What has the focus, and whether one can see it."""

SMALL = """() => {
  const asked = ':is(button, a[href], input, select, textarea, summary, [role=button], [role=slider], [role=option], [tabindex="0"])';
  const bad = [];
  for (const el of document.querySelectorAll(asked)) {
    if (!el.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || el.disabled) continue;
    const box = el.getBoundingClientRect();
    if (box.width === 0 || box.height === 0 || getComputedStyle(el).display === 'inline') continue; // a link in a sentence is excepted
    const label = el.closest('label')?.getBoundingClientRect();
    const wide = Math.max(box.width, label?.width ?? 0), high = Math.max(box.height, label?.height ?? 0);
    if (wide < 23.5 || high < 23.5) bad.push(`${Math.round(wide)}×${Math.round(high)} ${el.outerHTML.slice(0, 120)}`);
  }
  return bad;
}"""
"""Targets below 24 × 24 px (WCAG 2.5.8)."""

SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SETTLED = """() => ![...document.querySelectorAll('.tk-skeleton')].some((one) => one.checkVisibility()
  && one.getBoundingClientRect().top < innerHeight && one.getBoundingClientRect().bottom > 0)"""


def script() -> str:
    """axe-core as text (MPL-2.0, out of the package axe-playwright-python)."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Any, rules: list[str] | None = None) -> list[str]:
    """What axe finds on a page as it stands: rule, place, element, words."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(script())
    return list(page.evaluate(_RUN, [TAGS, rules]))


def tabbed(page: Any, most: int = 150) -> list[dict[str, Any]]:
    """What Tab reaches, in order, until it comes round. Raises AssertionError where it is caught."""
    reached: list[dict[str, Any]] = []
    page.evaluate("document.activeElement?.blur?.(); window.getSelection()?.removeAllRanges?.()")
    for _ in range(most):
        page.keyboard.press("Tab")
        found = page.evaluate(UNFOCUSED)
        if found is None or (reached and found == reached[0]):
            return reached
        assert not reached or found != reached[-1], f"Tab does not leave {found['key']}"
        reached.append(found)
    return reached


def fits_its_window(page: Any, what: str) -> None:
    """Nothing can be scrolled sideways, beside a scroll bar neither."""
    becomes(lambda: (what, max(0, page.evaluate(SIDEWAYS))), (what, 0))


def in_all_looks(page: Any, what: str) -> list[str]:
    """What axe finds: everything wide and light and narrow and dark, contrast in the two others."""
    found: list[str] = []
    for width, theme, rules in (
        (1440, "light", None),
        (1440, "dark", ["color-contrast"]),
        (390, "dark", None),
        (390, "light", ["color-contrast"]),
    ):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.wait_for_function(SETTLED)
        found += [f"{what}, {width} px, {theme}: {one}" for one in violations(page, rules)]
        fits_its_window(page, f"{what}, {width} px")
    return found
