# ruff: noqa: E501 (scripts for the browser)
"""What must hold of how a page looks and is spoken, asked of the browser: each script gives what is wrong, [] if nothing."""

from __future__ import annotations

CONTRAST = """() => {
  const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return { rgb: m.slice(0, 3), a: m[3] ?? 1 }; };
  const lum = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (el) => { for (let e = el; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a > 0.99) return c.rgb; } return [255, 255, 255]; };
  const bad = [];
  for (const el of document.querySelectorAll('.tk *')) {
    if (![...el.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !el.offsetParent) continue;
    const a = lum(parse(getComputedStyle(el).color).rgb), b = lum(ground(el));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(`${ratio.toFixed(2)} ${el.className} ${el.textContent.slice(0, 30)}`);
  }
  return bad;
}"""
"""Texts whose contrast with their ground is below 4.5 : 1 (WCAG 2.2 AA)."""

NAMELESS = """() => {
  const named = (el) => (el.getAttribute('aria-label') || el.getAttribute('title') || el.textContent.trim()
    || [...(el.getAttribute('aria-labelledby') ?? '').split(' ')].map((id) => document.getElementById(id)?.textContent ?? '').join('').trim()
    || [...(el.labels ?? [])].map((each) => each.textContent.trim()).join('') || el.getAttribute('alt') || '').trim();
  const asked = '.tk :is(button, a[href], input, select, textarea, summary, [role=region], [role=slider], [role=img], canvas[tabindex])';
  const bad = [...document.querySelectorAll(asked)].filter((el) => el.offsetParent && !named(el)).map((el) => `no name: ${el.outerHTML.slice(0, 120)}`);
  for (const img of document.querySelectorAll('.tk img')) if (!img.hasAttribute('alt')) bad.push(`no alt: ${img.outerHTML.slice(0, 120)}`);
  const ids = [...document.querySelectorAll('.tk [id]')].map((el) => el.id);
  for (const id of new Set(ids.filter((each, i) => ids.indexOf(each) !== i))) bad.push(`id twice: ${id}`);
  for (const box of document.querySelectorAll('.tk .tk-panel-scroll')) if (box.offsetParent && box.scrollHeight > box.clientHeight + 1 && box.tabIndex < 0) bad.push(`scrolls and takes no focus: ${box.getAttribute('aria-label') ?? box.className}`);
  for (const el of document.querySelectorAll('.tk [aria-controls]')) if (!document.getElementById(el.getAttribute('aria-controls'))) bad.push(`controls nothing: ${el.outerHTML.slice(0, 120)}`);
  return bad;
}"""
"""Controls, regions and pictures without a name, ids that stand twice, boxes that scroll and cannot be reached by keys."""

AWAY = """() => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
"""The tab is hidden."""
BACK = """([project, ago_s]) => {
  const kept = JSON.parse(localStorage.trackio);
  kept.visits[project] -= ago_s;
  localStorage.trackio = JSON.stringify(kept);
  delete document.hidden;
  document.dispatchEvent(new Event("visibilitychange"));
}"""
"""It is seen again, and remembers that it was left so many seconds before."""
