"""An experiment as a card, and several as a table, for notebooks. Everything from a user is escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

from trackio_client.snapshot.numbers import STATES, number

_STATE_INK: Final = {"running": "#2b9348", "failed": "#d1444b", "interrupted": "#b7791f", "lost_contact": "#c2641b"}
_SHOWN: Final = 8
"""Settings and numbers that a card shows; the page has all."""
_ROWS: Final = 30
_LONGEST: Final = 80
_SOFT: Final = "opacity:.7"
_CELL: Final = "text-align:left;padding:1px 16px 1px 0"
_FIGURE: Final = "text-align:right;padding:1px 16px 1px 0;font-variant-numeric:tabular-nums"
_FRAME: Final = (
    "font:13px/1.5 system-ui,sans-serif;border:1px solid rgba(128,128,128,.35);border-radius:6px;"
    "padding:10px 14px;max-width:720px;display:inline-block"
)


@dataclass(frozen=True)
class Card:
    """What a notebook shows of one experiment."""

    name: str
    experiment_id: str
    project: str
    state: str  # as wire/events.py names states
    evidence: str = ""
    step: int | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    numbers: Sequence[tuple[str, str, float]] = ()  # (metric, "lowest" | "highest" | "last", value)
    curve: str = ""  # a picture, already markup
    metric: str = ""  # whose picture it is
    url: str | None = None
    kept: str = ""  # where it is, for who has no address to open


def card_html(card: Card) -> str:
    """A card without scripts, classes or addresses that are fetched."""
    ink = f"color:{_STATE_INK[card.state]}" if card.state in _STATE_INK else ""
    step = "" if card.step is None else f", step {card.step:,}"
    state = f'<span style="{ink}">●</span> {escape(STATES.get(card.state, card.state))}{step}'
    parts = [
        f"<div><strong>{escape(card.name)}</strong> &nbsp;{state}</div>",
        f'<div style="{_SOFT}">{escape(card.project)} · <code>{escape(card.experiment_id)}</code></div>',
    ]
    if card.evidence and card.state not in ("running", "finished"):
        parts.append(f'<div style="{_SOFT}">{escape(card.evidence[:300])}</div>')
    if card.curve:
        parts.append(f'<div style="margin-top:6px">{escape(card.metric)}<br>{card.curve}</div>')
    rows = [(name, word, number(value)) for name, word, value in card.numbers[:_SHOWN]]
    parts.append(_table([f"{name}|{word}" for name, word, _ in rows], [value for *_, value in rows]))
    if settings := settings_of(card.config):
        shown = ", ".join(f"{escape(key)} = <code>{escape(value)}</code>" for key, value in settings[:_SHOWN])
        more = f" and {len(settings) - _SHOWN} more" if len(settings) > _SHOWN else ""
        parts.append(f'<div style="margin-top:6px;{_SOFT}">{shown}{more}</div>')
    parts.append(_foot(card))
    return f'<div style="{_FRAME}">{"".join(parts)}</div>'


def _table(heads: Sequence[str], values: Sequence[str]) -> str:
    cells = [head.rpartition("|")[::2] for head in heads]
    rows = "".join(
        f'<tr style="background:none"><td style="{_CELL}">{escape(name)}</td>'
        f'<td style="{_CELL};{_SOFT}">{escape(word)}</td>'
        f'<td style="{_FIGURE}"><strong>{escape(value)}</strong></td></tr>'
        for (name, word), value in zip(cells, values, strict=True)
    )
    return f'<table style="border-collapse:collapse;margin:6px 0 0">{rows}</table>' if rows else ""


def _foot(card: Card) -> str:
    if card.url:
        link = f'<a href="{escape(card.url)}" target="_blank" rel="noopener">Open its page</a>'
        return f'<div style="margin-top:6px">{link}</div>'
    return f'<div style="margin-top:6px;{_SOFT}">{escape(card.kept)}</div>' if card.kept else ""


def card_markdown(card: Card) -> str:
    """The same for who shows Markdown alone."""
    step = "" if card.step is None else f", step {card.step:,}"
    lines = [f"**{plain(card.name)}** ({plain(card.project)}): {STATES.get(card.state, plain(card.state))}{step}"]
    if card.numbers:
        lines += ["", "| metric | | value |", "|---|---|---:|"]
        lines += [f"| {plain(name)} | {word} | {number(value)} |" for name, word, value in card.numbers[:_SHOWN]]
    if card.url:
        lines += ["", f"<{card.url}>"]
    return "\n".join(lines)


def rows_html(cards: Sequence[Card], title: str) -> str:
    """Several below each other: state, step and what of their numbers they share."""
    metrics = list(dict.fromkeys(name for card in cards[:_ROWS] for name, _, _ in card.numbers))[:4]
    heads = ["Experiment", "State", "Step", *metrics]
    head = "".join(f'<th style="{_CELL if at < 2 else _FIGURE}">{escape(text)}</th>' for at, text in enumerate(heads))
    body = "".join(_row(card, metrics) for card in cards[:_ROWS])
    more = f'<div style="{_SOFT}">and {len(cards) - _ROWS:,} more</div>' if len(cards) > _ROWS else ""
    table = f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div style="{_FRAME}"><div><strong>{escape(title)}</strong></div>{table}{more}</div>'


def _row(card: Card, metrics: Sequence[str]) -> str:
    known = {name: number(value) for name, _, value in card.numbers}
    name = escape(card.name)
    named = f'<a href="{escape(card.url)}" target="_blank" rel="noopener">{name}</a>' if card.url else name
    ink = f"color:{_STATE_INK[card.state]}" if card.state in _STATE_INK else ""
    step = "" if card.step is None else f"{card.step:,}"
    cells = "".join(f'<td style="{_FIGURE}">{escape(known.get(metric, ""))}</td>' for metric in metrics)
    state = f'<span style="{ink}">●</span> {escape(STATES.get(card.state, card.state))}'
    return (
        f'<tr style="background:none"><td style="{_CELL}" title="{escape(card.experiment_id)}">{named}</td>'
        f'<td style="{_CELL};white-space:nowrap">{state}</td><td style="{_FIGURE}">{step}</td>{cells}</tr>'
    )


def rows_markdown(cards: Sequence[Card]) -> str:
    """The same as Markdown."""
    lines = ["| experiment | state | step |", "|---|---|---:|"]
    for card in cards[:_ROWS]:
        step = "" if card.step is None else f"{card.step:,}"
        lines.append(f"| {plain(card.name)} | {STATES.get(card.state, plain(card.state))} | {step} |")
    return "\n".join(lines + ([f"\nand {len(cards) - _ROWS:,} more"] if len(cards) > _ROWS else []))


def plain(text: str) -> str:
    """A text that Markdown and the HTML inside it leave alone."""
    return re.sub(r"([\\`*_{}\[\]()#+!|~$])", r"\\\1", escape(" ".join(text.split()), quote=False))


def settings_of(config: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """A config flat: ("model.layers", "12")."""
    found: list[tuple[str, str]] = []
    for key, value in config.items():
        if isinstance(value, Mapping):
            found += settings_of(value, f"{before}{key}.")
        else:
            text = str(value)
            found.append((f"{before}{key}", text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"))
    return found
