# ruff: noqa: E501 (scripts for the browser)
"""Every button of every view is pressed, and every entry of the menus that they open: each does something, none fails.

What one does is tested where it belongs; here none is forgotten, for they are found on the page itself.
"""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.told import evaluation, file, media, png
from tests.browser.trainings import trained

pytestmark = [pytest.mark.browser, pytest.mark.requirement("S1.80")]

PROJECT = "pressed"
_STANDS = """(view) => { const pane = document.querySelector(`.tk-view.${view}`);
  return pane && !pane.hidden && pane.innerText.trim().length > 10 && !pane.querySelector(':scope > .tk-skeleton'); }"""
_PRESS = """async ({ view, own, scope, most }) => {
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  // A number or a name tells no other button.
  const keyOf = (e) => `${e.getAttribute('aria-label') || e.title || e.textContent.trim().slice(0, 28)}`.replace(/[0-9.,]+/g, '#') + ' | ' + e.className.toString().replace(/ (hot|on|chosen|open|current)\\b/g, '');
  const OPEN = '.tk-menu, dialog[open], .tk-dialog, [role=menu], [role=listbox], .tk-palette, .tk-full';
  const seen = (e) => e.isConnected && e.checkVisibility() && !e.disabled && e.getAttribute('aria-disabled') !== 'true' && e.getClientRects().length > 0;
  const LEFT = /delete|log in|log out|sign in|theme|leave|empty the bin|for good/i; // pressed where their harm is wanted
  const done = new Set(), dead = [], told = [];
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
    globalThis.trackioPage.shell.ask({ view, ...own });
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
    const inside = [...new Set(entries().map(keyOf))].filter((key) => !LEFT.test(key)).slice(0, most);
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


@pytest.fixture(scope="module")
def told(space):
    """Two experiments with all that a page shows."""
    made = []
    for i, state in enumerate(("finished", "failed")):
        training = trained(
            space.url, PROJECT, f"one-{i}", steps=40, state=None, system=True, wave=i, tags=["a tag"], group="g",
            notes="**A note**", config={"lr": 10.0**-i, "model": {"layers": 2}, "seed": i},
        )  # fmt: skip
        for number in (1, 2):
            evaluation(training, number, 0.5 / number, 0.4 * number)
        for step in (0, 10):
            picture = file(training, png(28, 28, 40 + step), "image/png") | {"width": 28, "height": 28}
            media(training, "image", "val/samples", step, picture, picture)
            media(training, "histogram", "weights", step, {"bins": [0, 1, 2], "counts": [step + 1, 3]})
        training.finish(state)
        made.append(training.experiment_id)
    binned = trained(space.url, PROJECT, "in the bin", steps=3)
    httpx.delete(f"{space.url}/v1/experiments/{binned.experiment_id}", timeout=60, trust_env=False).raise_for_status()
    return made


def test_every_button_does_something_and_none_fails(page, space, told):
    failed = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.goto(f"{space.url}/?project={PROJECT}")
    expect(page.locator(".tk-chart-values").first).not_to_be_empty()
    views = page.evaluate("import('/lib/shell/views.js').then(({ VIEWS }) => Object.keys(VIEWS))")
    dead, count = {}, {}
    for scope, view in [
        (".tk-top", "metrics"),
        (".tk-side", "metrics"),
        (".tk-controls", "metrics"),
        *((f".tk-view.{view}", view) for view in views),
    ]:
        page.evaluate("localStorage.clear()")  # what one press folded away is there for the next
        page.goto(f"{space.url}/?project={PROJECT}")
        expect(page.locator(".tk-row").first).to_be_visible()
        own = {"experiment": told[0]} if view == "experiment" else {}
        page.evaluate("(wanted) => trackioPage.shell.ask(wanted)", {"view": view, **own})
        page.wait_for_function(_STANDS, arg=view)
        found = page.evaluate(_PRESS, {"view": view, "own": own, "scope": scope, "most": 10})
        count[scope] = len(found["told"])
        if found["dead"]:
            dead[scope] = found["dead"]
    assert failed == []
    assert dead == {}
    assert min(count.values()) >= 1, count
    assert sum(count.values()) >= 250, count


def test_a_menu_at_the_end_of_the_window_opens_upwards(modules):
    """What stands below the window nobody can press."""
    place = modules.evaluate(
        """async () => {
          const { openMenu } = await import("/lib/base/menu.js");
          const button = document.body.appendChild(document.createElement("button"));
          button.style.cssText = "position: fixed; left: 20px; bottom: 8px; height: 24px";
          const items = Array.from({ length: 12 }, (_, i) => ({ value: `${i}`, label: `entry ${i}` }));
          const menu = openMenu(button, { title: "entries", items, choose: () => {} });
          menu.style.position = "fixed";
          await new Promise((done) => setTimeout(done, 50));
          const { top, bottom } = menu.getBoundingClientRect();
          const found = { top, bottom, button: button.getBoundingClientRect().top };
          menu.remove(), button.remove();
          return found;
        }"""
    )
    assert 0 <= place["top"] < place["bottom"] <= place["button"]
