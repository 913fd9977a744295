"""What the Manage page says, as HTML. Everything that comes from elsewhere is escaped."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

MOST_ROWS: Final = 100
"""Of the list; the experiments' page shows all of them."""
MOST_SETTINGS: Final = 60
_SIGNS: Final = {  # as view/base/icons.js draws them
    "running": '<circle cx="7" cy="7" r="3" fill="currentColor" stroke="none"/>',
    "finished": '<path d="m3 7.5 2.6 2.6L11 4.5"/>',
    "failed": '<path d="m3.5 3.5 7 7M10.5 3.5l-7 7"/>',
    "interrupted": '<circle cx="7" cy="7" r="4.5"/><path d="m3.9 10.1 6.2-6.2"/>',
    "paused": '<path d="M5 3.5v7M9 3.5v7"/>',
    "lost_contact": '<path d="M4.75 5.1a2.3 2.3 0 1 1 3.3 2.1c-.7.3-1.05.7-1.05 1.4M7 11h.01"/>',
}


def state_html(state: str) -> str:
    """A sign and a word: colour alone tells nothing (S1.69)."""
    sign = _SIGNS.get(state, _SIGNS["lost_contact"])
    words = text(state.replace("_", " "))
    return (
        f'<span class="tc-state {text(state)}"><svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">'
        f"{sign}</svg>{words}</span>"
    )


def list_html(rows: Sequence[Mapping[str, Any]]) -> str:
    """The newest experiments, one a row."""
    if not rows:
        return (
            '<div class="tc-empty"><b>No experiment yet.</b> Create one above, make a demo experiment, or log from a '
            'script:<pre>import trackio_client\n\ntrackio_client.init("my-project")\n'
            'trackio_client.log({"loss": 0.5})</pre></div>'
        )
    body = "".join(_row(row) for row in rows[:MOST_ROWS])
    more = len(rows) - MOST_ROWS
    rest = (
        f"<p>The newest {MOST_ROWS} of {len(rows):,}. <a href='/'>The experiments' page</a> has all.</p>"
        if more > 0
        else ""
    )
    head = "".join(
        f'<th scope="col"{kind}>{word}</th>'
        for word, kind in (
            ("Experiment", ""), ("Project", ""), ("Status", ""), ("Metrics", ' class="tc-num"'), ("Created (UTC)", ""),
        )
    )  # fmt: skip
    return (
        f'<table class="tc-settings tc-experiments"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}'
    )


def _row(row: Mapping[str, Any]) -> str:
    mark = DEMO_MARK if row["demo"] else ""
    return (
        f'<tr data-id="{text(row["id"])}"><td><a href="{text(page_of(row))}">{text(row["name"])}</a>{mark}'
        f"<small><code>{text(row['id'])}</code></small></td>"
        f'<td data-label="Project">{text(row["project"])}</td><td data-label="Status">{state_html(row["state"])}</td>'
        f'<td data-label="Metrics" class="tc-num">{row["metrics_count"]:,}</td>'
        f'<td data-label="Created (UTC)">{text(when(row["created_at"]))}</td></tr>'
    )


DEMO_MARK: Final = ' <span class="tc-demo" title="Made-up data, not a training">demo</span>'


def details_html(found: Mapping[str, Any]) -> str:
    """One experiment: what it is, its latest metrics, its settings."""
    facts = [
        ("Id", f"<code>{text(found['id'])}</code>"),
        ("Project", text(found["project"])),
        ("Status", f"{state_html(found['state'])} <span class='tc-soft'>{text(found['evidence'])}</span>"),
        ("Created", f"{text(when(found['created_at']))} UTC"),
        ("Holds", _counts(found)),
    ]
    if found["description"]:
        facts.insert(1, ("Description", text(found["description"])))
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    mark = DEMO_MARK if found["demo"] else ""
    title = f'<h3><a href="{text(page_of(found))}">{text(found["name"])}</a>{mark}</h3>'
    return f'{title}<dl class="tc-facts">{rows}</dl>{_latest(found)}{_settings(found)}'


def _counts(found: Mapping[str, Any]) -> str:
    parts = (
        (found["metrics_count"], "metric"), (found["points_count"], "value"),
        (found["parameters_count"], "parameter"), (found["artifacts_count"], "artifact"),
    )  # fmt: skip
    return ", ".join(f"{count:,} {word}{'s' * (count != 1)}" for count, word in parts)


def _latest(found: Mapping[str, Any]) -> str:
    latest = sorted(found["latest_metrics"].items())
    if not latest:
        return "<p class='tc-none'>No metric yet.</p>"
    rows = "".join(
        f'<tr><td><code>{text(name)}</code></td><td class="tc-num" title="{one["value"]!r}">{number(one["value"])}</td>'
        f'<td class="tc-num">{one["step"]:,}</td></tr>'
        for name, one in latest[:MOST_SETTINGS]
    )
    numbers = "".join(f'<th scope="col" class="tc-num">{word}</th>' for word in ("Value", "Step"))
    head = f'<tr><th scope="col">Latest metrics</th>{numbers}</tr>'
    return f'<table class="tc-settings tc-latest"><thead>{head}</thead><tbody>{rows}</tbody></table>{_more(latest)}'


def _settings(found: Mapping[str, Any]) -> str:
    flat = list(_flat(found["parameters"]))
    if not flat:
        return ""
    rows = "".join(
        f"<tr><td><code>{text(name)}</code></td><td><code>{text(value)}</code></td></tr>"
        for name, value in flat[:MOST_SETTINGS]
    )
    head = '<tr><th scope="col">Parameters</th><th scope="col">Value</th></tr>'
    return f'<table class="tc-settings tc-pairs"><thead>{head}</thead><tbody>{rows}</tbody></table>{_more(flat)}'


def _more(rows: Sequence[object]) -> str:
    left = len(rows) - MOST_SETTINGS
    return f"<p>And {left:,} more, on its page.</p>" if left > 0 else ""


def _flat(values: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            found += _flat(value, f"{before}{key}.")
        else:
            shown = repr(value) if not isinstance(value, str) else value
            found.append((f"{before}{key}", shown if len(shown) <= 300 else shown[:300] + "…"))
    return found


def page_of(row: Mapping[str, Any]) -> str:
    """The address of an experiment's own page."""
    return "/?" + urlencode({"project": row["project"], "view": "experiment", "experiment": row["id"]})


def when(iso: str) -> str:
    """A time for people, to the minute."""
    return iso[:16].replace("T", " ")


def number(value: Any) -> str:
    """Four significant figures; below a thousandth as a power of ten."""
    if not isinstance(value, (int, float)):
        return text(value)
    if not math.isfinite(value):
        return "NaN" if value != value else "∞" if value > 0 else "−∞"
    if 9999.5 <= abs(value) < 1e12:
        shown = f"{value:,.0f}"
    else:
        shown = f"{value:.4g}" if value == 0 or abs(value) >= 1e-3 else f"{value:.3e}"
    mantissa, mark, power = shown.partition("e")
    if mark:
        shown = f"{mantissa}e{int(power)}"
    return shown.replace("-", "−")


def text(what: object) -> str:
    """Escaped."""
    return html.escape(str(what))
