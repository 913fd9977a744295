"""The card of a repo (README.md): ours between markers, everything else kept byte for byte.

The front matter says to `datasets` which files make which table. A key may stand in it once, so where a user has own
`tags` or `configs`, ours become items of their list, each between markers of their own:

    ---
    # trackio:begin                         configs:
    tags:                                   - config_name: theirs
    - trackio                                 data_files: theirs.csv
    configs:                       or       # trackio:begin
    - config_name: experiments              - config_name: experiments
      data_files: "experiments/…"             data_files: "experiments/…"
    # trackio:end                           # trackio:end
    ---

What cannot be understood for certain is left alone and named (NotOurs), rather than repaired.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from trackio_client.errors import NotOurs
from trackio_client.hub.files.explained import body_of

_BEGIN, _END = "# trackio:begin", "# trackio:end"
_BODY_BEGIN, _BODY_END = "<!-- trackio:begin -->", "<!-- trackio:end -->"
_FRONT = re.compile(r"---[ \t]*(\r?\n)(.*?)(?<=\n)(---[ \t]*(?:\r?\n|\Z))", re.DOTALL)
# In brackets there are no lines of our own: what was put there breaks one of theirs.
_IN_BRACKETS = re.compile(r"\r?\n  # trackio:begin in brackets\r?\n.*?# trackio:end in brackets\r?\n  ", re.DOTALL)
_LINES = re.compile(r"^[ \t]*# trackio:begin[ \t]*\r?\n.*?^[ \t]*# trackio:end[ \t]*\r?\n", re.DOTALL | re.MULTILINE)
_PATH = "README.md"
Globs = Mapping[str, str | Sequence[str]]


def card(existing: str | None, *, repo: str, configs: Globs, projects: Sequence[str] = ()) -> str:
    """The text of the card, to be written if it is another than `existing`.

    Args:
        existing: the card as it is, None if there is none.
        repo: `owner/name`.
        configs: name of a configuration -> globs of its files. Only those that have files: `datasets` fails on others.
        projects: their names, for people.

    Raises:
        NotOurs: the card is such that ours cannot be put into it for certain; it is to be left as it is.
    """
    text = existing or ""
    if text.startswith("\ufeff"):
        raise NotOurs(_PATH, "begins with a byte order mark, so that the Hub does not see its front matter")
    if re.match(r"\s+---", text):
        raise NotOurs(_PATH, "has blanks before its front matter, so that `datasets` does not see it")
    newline = "\r\n" if "\r\n" in text else "\n"
    found = _FRONT.match(text)
    if found is None and re.match(r"---[ \t]*(\r?\n|\Z)", text):
        raise NotOurs(_PATH, "has a front matter that does not end with ---")
    theirs, rest = (found[2], text[found.end() :]) if found else ("", text)
    theirs = _without_ours(theirs)
    by_name = _are_parquet(_parsed(theirs)[1].get("configs"))
    front = _front(theirs, configs if by_name else {}, newline)
    opening, closing = (text[: found.start(2)], found[3]) if found else ("---" + newline, "---" + newline)
    if not text.strip():
        rest = f"{newline}# {repo.split('/')[1]}{newline}"
    return opening + front + closing + _body(rest, body_of(repo, list(configs), projects, by_name=by_name), newline)


# --- front matter ------------------------------------------------------------------------------------------------


def _without_ours(front: str) -> str:
    theirs = _LINES.sub("", _IN_BRACKETS.sub("", front))
    if "# trackio:begin" in theirs or "# trackio:end" in theirs:
        raise NotOurs(_PATH, "has a '# trackio:begin' without its '# trackio:end', or the other way round")
    return theirs


def _front(theirs: str, configs: Globs, newline: str) -> str:
    root, said = _parsed(theirs)
    column = root.start_mark.column if root is not None else 0
    named = _names(said.get("configs"))
    ours = {name: globs for name, globs in configs.items() if name not in named}  # a user's own of that name wins
    items = {
        "tags": [] if _has_tag(said.get("tags")) else [["trackio"]],
        "configs": [_config(name, globs, name == _first(ours, said)) for name, globs in ours.items()],
    }
    block: list[str] = []
    places: list[tuple[int, str]] = []
    for key, wanted in items.items():
        if not wanted:
            continue
        if key not in said:
            block += [f"{key}:", *_listed(wanted)]
            continue
        node = _value(root, key)
        place = _place(node, theirs, wanted, newline, column)
        if place is not None:
            places.append(place)
        elif key == "configs":
            raise NotOurs(_PATH, f"has {key!r} in a form that ours cannot be added to: write it as a list, one a line")
    result = theirs
    for at, put in sorted(places, reverse=True):
        result = result[:at] + put + result[at:]
    if block:
        result = _marked(block, " " * column, newline) + result
    _check(result, said, list(configs))
    return result


def _parsed(front: str) -> tuple[Any, dict[str, Any]]:
    """The root node (None if empty) and the content of a front matter."""
    try:
        root = yaml.compose(front, yaml.SafeLoader)
        said = yaml.safe_load(front)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NotOurs(_PATH, f"has a front matter that is no YAML: {' '.join(str(error).split())[:200]}") from None
    if root is None:
        return None, {}
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise NotOurs(_PATH, "has a front matter that is not made of lines 'key: value'")
    keys = [key.value for key, _ in root.value]
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise NotOurs(_PATH, f"has the key {twice[0]!r} twice in its front matter")
    return root, said


def _value(root: Any, key: str) -> Any:
    return next(value for name, value in root.value if name.value == key)


def _names(configs: Any) -> list[Any]:
    return [c.get("config_name") for c in configs if isinstance(c, dict)] if isinstance(configs, list) else []


def _are_parquet(configs: Any) -> bool:
    """Whether ours load beside a user's: `datasets` takes the first one's kind of file for that of all in the repo."""
    if not isinstance(configs, list) or not configs:
        return True
    first = configs[0].get("data_files") if isinstance(configs[0], dict) else None
    globs = [glob for one in _listed_values(first) for glob in _listed_values(one["path"] if _is_split(one) else one)]
    # "data/train-*" is how `push_to_hub` writes what it made, and that is Parquet.
    return bool(globs) and all(str(glob).endswith((".parquet", "-*")) for glob in globs)


def _listed_values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_split(value: Any) -> bool:
    return isinstance(value, dict) and "path" in value


def _has_tag(tags: Any) -> bool:
    return tags == "trackio" or (isinstance(tags, list) and "trackio" in tags)


def _first(ours: Globs, said: Mapping[str, Any]) -> str | None:
    """The configuration that is loaded when none is named: ours, if the user has none that could be meant."""
    return next(iter(ours), None) if not said.get("configs") else None


def _config(name: str, globs: str | Sequence[str], is_default: bool) -> list[str]:
    """The lines of one item of `configs`."""
    lines = [f"config_name: {name}"]
    if isinstance(globs, str) or len(globs) == 1:
        lines.append(f"data_files: {json.dumps(globs if isinstance(globs, str) else globs[0])}")
    else:
        lines += ["data_files:", *(f"- {json.dumps(glob)}" for glob in globs)]
    return [*lines, *(["default: true"] if is_default else [])]


def _listed(items: Sequence[Sequence[str]]) -> list[str]:
    return [("- " if n == 0 else "  ") + line for item in items for n, line in enumerate(item)]


def _marked(lines: Sequence[str], indent: str, newline: str) -> str:
    return "".join(indent + line + newline for line in (_BEGIN, *lines, _END))


def _place(node: Any, theirs: str, items: Sequence[Sequence[str]], newline: str, column: int) -> tuple[int, str] | None:
    """Where in the user's list ours go, and as what; None if it is no list."""
    if isinstance(node, yaml.SequenceNode) and node.flow_style:
        put = newline.join(f"  {{{', '.join(item)}}}," if ":" in item[0] else f"  {item[0]}," for item in items)
        if any("data_files:" in item for item in items):
            return None  # several globs: a list within braces within brackets is for nobody to read
        begin, end = f"{newline}  {_BEGIN} in brackets{newline}", f"{newline}  {_END} in brackets{newline}  "
        return node.start_mark.index + 1, begin + put + end
    if isinstance(node, yaml.SequenceNode) and node.value:
        at = _line_after(node, theirs)
        return at, _marked(_listed(items), _indent(node, theirs), newline)
    if isinstance(node, yaml.ScalarNode) and node.value == "" and node.style is None:  # the key alone
        return _line_end(node.end_mark.index, theirs), _marked(_listed(items), " " * column, newline)
    return None


def _indent(node: Any, theirs: str) -> str:
    """The blanks before the dashes of a list. (Its own mark is no help: it may stand at an anchor, `key: &name`.)"""
    line = theirs[theirs.rfind("\n", 0, node.value[0].start_mark.index) + 1 :]
    dash = re.match(r"( *)-\s", line)
    return dash[1] if dash else " " * int(node.start_mark.column)


def _line_after(node: Any, theirs: str) -> int:
    """The start of the line after the last word of a list: what follows it, comments too, is not the list's."""
    last = node
    while isinstance(last, (yaml.SequenceNode, yaml.MappingNode)) and last.value and not last.flow_style:
        last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
    end = last.end_mark
    return end.index if end.column == 0 else _line_end(end.index, theirs)


def _line_end(at: int, theirs: str) -> int:
    return theirs.index("\n", at) + 1


def _check(front: str, theirs: Mapping[str, Any], configs: Sequence[str]) -> None:
    """Nothing of theirs may have changed its meaning, and ours must be understood."""
    lists = {"tags", "configs"}
    try:
        _, said = _parsed(front)
        kept = all(_keeps(said.get(k), v) if k in lists else said.get(k) == v for k, v in theirs.items())
        is_fine = kept and set(said) <= {*theirs, *lists} and set(configs) <= set(_names(said.get("configs")))
    except (NotOurs, TypeError):
        is_fine = False
    if not is_fine:
        raise NotOurs(_PATH, "has a front matter that ours cannot be put into without a change to the rest")


def _keeps(after: Any, before: Any) -> bool:
    if isinstance(before, list) and isinstance(after, list):
        return [item for item in after if item in before] == before
    return bool(after == before) or before is None


# --- body --------------------------------------------------------------------------------------------------------


def _body(rest: str, ours: str, newline: str) -> str:
    block = newline.join([_BODY_BEGIN, *ours.strip().splitlines(), _BODY_END])
    begins, ends = rest.count(_BODY_BEGIN), rest.count(_BODY_END)
    start, end = rest.find(_BODY_BEGIN), rest.find(_BODY_END)
    if begins == ends == 1 and start < end:
        return rest[:start] + block + rest[end + len(_BODY_END) :]
    if begins or ends:
        raise NotOurs(_PATH, f"should hold {_BODY_BEGIN!r} and {_BODY_END!r} once each, in this order")
    gap = "" if not rest or rest.endswith("\n") else newline
    return rest + gap + newline + block + newline


__all__ = ["card"]
