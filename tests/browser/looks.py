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

CUT = """(scope) => {
  const bad = [];
  for (const el of document.querySelectorAll(`${scope} *`)) {
    if (!el.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || el.clientWidth < 2 || el.closest('svg')) continue;
    if (![...el.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const style = getComputedStyle(el);
    const wide = el.scrollWidth > el.clientWidth + 1, high = el.scrollHeight > el.clientHeight + 4;
    const told = el.closest('[title], [aria-label]');
    if (style.overflowX !== 'visible' && style.overflowX !== 'auto' && style.overflowX !== 'scroll' && wide && !(style.textOverflow === 'ellipsis' && told)) bad.push(`cut at the side: ${el.outerHTML.slice(0, 140)}`);
    if (['hidden', 'clip'].includes(style.overflowY) && high && style.display !== 'inline' && !told) bad.push(`cut below: ${el.outerHTML.slice(0, 140)}`);
  }
  return bad;
}"""
"""Texts of which a part cannot be seen, and no hover tells the whole."""

OVERLAPS = """(scope) => {
  const found = [];
  for (const root of document.querySelectorAll(scope)) {
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const el = node.parentElement;
      if (!node.textContent.trim() || !el.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || el.closest('svg, canvas, option')) continue;
      let [x0, y0, x1, y1] = [-Infinity, -Infinity, Infinity, Infinity];
      let floats = false;
      for (let e = el; e && e !== document.body; e = e.parentElement) {
        const style = getComputedStyle(e);
        if (['sticky', 'fixed'].includes(style.position)) floats = true;
        if (style.overflowX === 'visible' && style.overflowY === 'visible') continue;
        const box = e.getBoundingClientRect();
        [x0, y0, x1, y1] = [Math.max(x0, box.left), Math.max(y0, box.top), Math.min(x1, box.right), Math.min(y1, box.bottom)];
      }
      if (floats) continue; // stands over others on purpose
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const r of range.getClientRects()) {
        const cut = { l: Math.max(r.left, x0), t: Math.max(r.top, y0), r: Math.min(r.right, x1), b: Math.min(r.bottom, y1), el, words: node.textContent.trim().slice(0, 40) };
        if (cut.r - cut.l > 2 && cut.b - cut.t > 2) found.push(cut);
      }
    }
  }
  const bad = [];
  found.sort((a, b) => a.t - b.t);
  for (let i = 0; i < found.length; i++) {
    for (let j = i + 1; j < found.length && found[j].t < found[i].b - 3; j++) {
      const [a, b] = [found[i], found[j]];
      if (a.el === b.el || Math.min(a.r, b.r) - Math.max(a.l, b.l) < 3 || Math.min(a.b, b.b) - Math.max(a.t, b.t) < 5) continue;
      bad.push(`"${a.words}" (${a.el.className}) over "${b.words}" (${b.el.className})`);
    }
  }
  return bad.slice(0, 20);
}"""
"""Texts that stand on each other."""

STRETCHED = """(scope) => {
  const bad = [];
  for (const el of document.querySelectorAll(`${scope} *`)) {
    if (!el.checkVisibility() || el.closest('svg')) continue;
    const box = el.getBoundingClientRect();
    const what = `${Math.round(box.width)} x ${Math.round(box.height)}: ${el.outerHTML.slice(0, 120)}`;
    if (el.matches('.tk-chart') && box.width / Math.max(1, box.height) > 5) bad.push(`a picture ${what}`);
    if (el.matches('button, input:not([type=checkbox]), select') && box.width > 900 && !el.closest('table, [role=row], [role=grid], label')) bad.push(`a control ${what}`);
    if (el.matches('p, li, dd') && el.textContent.length > 200 && box.width > 1200) bad.push(`a paragraph ${what}`);
  }
  return bad;
}"""
"""What a wide window draws out beyond what anybody reads or presses."""

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
