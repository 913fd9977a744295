# ruff: noqa: E501 (scripts for the browser)
"""How a test presses every button of a page, found on the page itself, and every entry of the menus that they open."""

from __future__ import annotations

from typing import Any

STANDS = """(view) => { const pane = document.querySelector(`.tk-view.${view}`);
  return pane && !pane.hidden && pane.innerText.trim().length > 10 && !pane.querySelector(':scope > .tk-skeleton'); }"""
PRESS = """async ({ view, own, scope, skip }) => {
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  // A number or a name tells no other button.
  const keyOf = (e) => `${e.getAttribute('aria-label') || e.title || e.textContent.trim().slice(0, 28)}`.replace(/[0-9.,]+/g, '#') + ' | ' + e.className.toString().replace(/ (hot|on|chosen|open|current)\\b/g, '');
  const OPEN = '.tk-menu, dialog[open], .tk-dialog, [role=menu], [role=listbox], .tk-palette, .tk-full';
  const seen = (e) => e.isConnected && e.checkVisibility() && !e.disabled && e.getAttribute('aria-disabled') !== 'true' && e.getClientRects().length > 0;
  const LEFT = /delete|log in|log out|sign in|theme|leave|empty the bin|for good/i; // pressed where their harm is wanted
  const done = new Set(skip), dead = [], told = [];
  let changes = 0, other = 0;
  const watch = new MutationObserver((all) => { changes += all.length; });
  watch.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  const beside = () => other++;
  const leaves = (event) => { if (!event.destination.sameDocument && event.cancelable) event.preventDefault(), beside(); };
  navigation.addEventListener('navigate', leaves);
  const realOpen = window.open, realPrompt = window.prompt, realClick = HTMLAnchorElement.prototype.click;
  window.open = () => { beside(); return null; };
  window.prompt = () => { beside(); return null; };
  HTMLAnchorElement.prototype.click = function () { if (this.download || this.href.startsWith('blob:')) return beside(); return realClick.call(this); };
  const restore = async () => {
    for (let i = 0; i < 4 && [...document.querySelectorAll(OPEN)].some(seen); i++) {
      (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }));
      await pause(40);
      for (const each of document.querySelectorAll('dialog[open]')) each.close();
    }
    if (document.querySelectorAll(OPEN).length && [...document.querySelectorAll(OPEN)].some(seen)) document.body.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }));
    if (view) globalThis.trackioPage.shell.ask({ view, ...own });
    await pause(15);
  };
  document.addEventListener('scroll', beside, true);
  const press = async (first, name, all) => {
    first.scrollIntoView({ block: 'center' });
    await pause(5);
    const e = first.isConnected ? first : all().find((each) => keyOf(each) === keyOf(first)); // built again meanwhile
    if (!e) return false;
    const [was, before, at, href] = [changes, other, document.activeElement, location.href];
    e.click();
    for (let i = 0; i < 150; i++) {
      await pause(10);
      if (changes > was || other > before || document.activeElement !== at || location.href !== href) return true;
    }
    dead.push(name);
    return false;
  };
  const entries = () => [...document.querySelectorAll(OPEN)].filter(seen).flatMap((box) => [...box.querySelectorAll('button, [role=option], [role=menuitem], [role=menuitemcheckbox], [role=menuitemradio]')]).filter(seen);
  const buttons = () => [...document.querySelectorAll('button, [role=button], [role=tab], summary')].filter((e) => e.closest(scope) && seen(e));
  const next = async () => {
    for (let i = 0; i < 25; i++) {
      const button = buttons().find((e) => !done.has(keyOf(e)) && !LEFT.test(keyOf(e)));
      if (button) return button;
      if (buttons().length) break;
      await pause(40); // what was left is built again
    }
  };
  for (let n = 0; n < 60; n++) {
    await restore();
    const button = await next();
    if (!button) break;
    const name = keyOf(button);
    done.add(name);
    told.push(name);
    const was = button.getAttribute('aria-expanded');
    if (!await press(button, name, buttons)) continue;
    if (was === 'true' && button.getAttribute('aria-expanded') === 'false') await press(button, `${name}, again`, buttons); // what it folds has buttons
    const inside = [...new Set(entries().map(keyOf))].filter((key) => !LEFT.test(key));
    for (const key of inside) {
      if (done.has(key)) continue;
      done.add(key);
      if (!entries().some((e) => keyOf(e) === key)) {
        await restore();
        const again = button.isConnected ? button : buttons().find((e) => keyOf(e) === name);
        if (!again) break;
        again.click();
        await pause(30);
      }
      const entry = entries().find((e) => keyOf(e) === key);
      if (!entry) continue;
      told.push(`${name} > ${key}`);
      await press(entry, `${name} > ${key}`, entries);
    }
  }
  await restore();
  watch.disconnect();
  document.removeEventListener('scroll', beside, true);
  navigation.removeEventListener('navigate', leaves);
  window.open = realOpen;
  window.prompt = realPrompt;
  HTMLAnchorElement.prototype.click = realClick;
  return { told, dead };
}"""
"""Presses all below `scope`, but what `skip` names: {told: what was pressed, dead: what did nothing}."""


def press(
    page: Any, scope: str, view: str | None = None, *, skip: list[str] | None = None, **own: Any
) -> dict[str, Any]:
    """Press everything below `scope`; of a page with views, while `view` is open. Returns {told, dead}."""
    found: dict[str, Any] = page.evaluate(PRESS, {"view": view, "own": own, "scope": scope, "skip": skip or []})
    return found
