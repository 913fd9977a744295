"""What a metric's name means: the one table from names and aliases to quantities.

Metric names are kept as they were logged. Whoever has to know what one *is* (a page that groups charts, a finding,
an importer) asks `quantity_of`: `loss`, `train/loss` and `train_loss` are all the training loss, better when low.
A name is read in three moves, the first that fits wins:

    1. a whole name that only one thing has       system/gpu_0_utilization, eval/label/PER/f1, rewards/chosen
    2. the split it speaks of, and the rest       eval_g0_loss -> evaluation, "g0_loss"; loss -> training, "loss"
    3. the rest, against the table of measures    "g0_loss" -> the loss of "g0"; an unknown rest keeps its own name

Unknown names are no error: their group is what stands before the first "/", else "other", and they have no goal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from trackio_client.wire.ranks import base_of

Goal = Literal["min", "max"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What a metric measures."""

    name: str
    """The quantity in words, the same for every alias: "training loss". Unknown metrics keep their own name."""
    group: str
    """The section of the page it is drawn in: a key of GROUPS, or the part before "/" of an unknown name."""
    title: str
    """What stands over its chart, without the group: "Loss", "Loss · g0", "F1 · PER"."""
    unit: str = ""
    """"s", "GiB", "%", "tokens/s" …; empty for pure numbers."""
    goal: Goal | None = None
    """Whether low or high is better; None when neither is, or nobody can know."""
    of: str = ""
    """What it is the quantity of, when there are several: the label, the evaluation set, the device's number."""
    rank: int = 999
    """Place within its group; unknown metrics come last."""


GROUPS: Final[dict[str, str]] = {
    "train": "Training",
    "eval": "Evaluation",
    "test": "Test",
    "rewards": "Rewards",
    "label": "Per label",
    "speed": "Speed and tokens",
    "other": "Other",
    "system": "System",
}
"""Title of each known group, in page order. Groups made of a user's own prefixes stand before `speed`."""


def group_title(group: str) -> str:
    """The heading of a group; a user's own prefix is its own heading."""
    return GROUPS.get(group, group)


_Natural = list[tuple[int, int, str]]


def sort_key(metric: str) -> tuple[int, _Natural, int, _Natural, _Natural, str]:
    """Where a metric stands on a page: group, place in the group, then name, numbers as numbers (gpu_2 < gpu_10)."""
    quantity = quantity_of(metric)
    known = list(GROUPS)
    place = known.index(quantity.group) if quantity.group in GROUPS else known.index("speed") - 0.5
    own = "" if quantity.group in GROUPS else quantity.group
    return int(place * 2), _natural(own), quantity.rank, _natural(quantity.of), _natural(metric), metric


def resolve(asked: str, names: Iterable[str]) -> str | None:
    """The name among `names` that is meant by `asked`: itself, else an alias of the same quantity, else None.

    `resolve("train/loss", ["loss", "eval_loss"])` is "loss". Of several aliases the shortest is taken: beside the
    Trainer's `loss` series stands its `train_loss`, one closing mean.
    """
    candidates = list(names)
    if asked in candidates:
        return asked
    wanted = quantity_of(asked)
    same = [name for name in candidates if _identity(quantity_of(name)) == _identity(wanted)]
    return min(same, key=lambda name: (len(name), name), default=None)


def _identity(quantity: Quantity) -> tuple[str, str, str]:
    return quantity.name, quantity.group, quantity.of


# ---------------------------------------------------------------------------------------------- 1. whole names

_LABEL = re.compile(
    r"(?P<split>eval|val|valid|validation|test|train)[/_](?:per_)?label(?:_metrics|s)?/(?P<of>.+)/"
    r"(?P<what>f1(?:[-_]score)?|precision|recall|support)"
)
# The way `seqeval` reports entities through the Trainer: eval_PER_f1, eval_B-LOC_number. Upper case tells a label
# from an evaluation set ("eval_dev_f1").
_ENTITY = re.compile(r"(?P<split>eval|test)_(?P<of>[A-Z][A-Z0-9_.\-]*)_(?P<what>f1|precision|recall|number|support)")
_LABEL_MEASURES: Final[dict[str, tuple[int, str, Goal | None]]] = {
    "f1": (0, "F1", "max"),
    "precision": (1, "Precision", "max"),
    "recall": (2, "Recall", "max"),
    "support": (3, "Support", None),
    "number": (3, "Support", None),
}

_GPU = re.compile(r"(?:system[/.])?(?:gpu|cuda)[_./:]?(?P<of>\d+(?:_mig_\d+)?)[_./](?P<what>[a-z_]+)")
_GPU_MEASURES: Final[dict[str, tuple[int, str, str]]] = {
    "utilization": (0, "utilization", "%"),
    "memory_used": (10, "memory used", "GiB"),
    "memory_percent": (11, "memory used", "%"),
    "memory_allocated": (12, "memory allocated", "GiB"),
    "memory_reserved": (13, "memory reserved", "GiB"),
    "memory_total": (14, "memory", "GiB"),
    "memory_utilization": (15, "memory bandwidth use", "%"),
    "power": (20, "power", "W"),
    "power_limit": (21, "power limit", "W"),
    "temperature": (22, "temperature", "°C"),
    "sm_clock": (23, "clock", "MHz"),
    "memory_clock": (24, "memory clock", "MHz"),
    "fan_speed": (25, "fan speed", "%"),
    "process_utilization": (26, "utilization by the process", "%"),
    "process_memory": (27, "memory of the process", "GiB"),
    "pcie_sent": (28, "PCIe sent", "MB/s"),
    "pcie_received": (29, "PCIe received", "MB/s"),
    "throttled_thermal": (30, "held down by heat", ""),
    "throttled_power": (31, "held down by its power limit", ""),
    "ecc_corrected": (32, "memory errors corrected", ""),
    "ecc_uncorrected": (33, "memory errors not corrected", ""),
}
_GPU_ALIASES: Final = {
    "gpu": "utilization",
    "util": "utilization",
    "utilisation": "utilization",
    "memory": "memory_percent",
    "memoryallocated": "memory_percent",
    "temp": "temperature",
    "powerwatts": "power",
    "power_usage": "power",
}
_HOST: Final[dict[str, tuple[int, str, str]]] = {
    "cpu_percent": (40, "CPU", "%"),
    "process_cpu_percent": (41, "CPU of the process", "%"),
    "memory_percent": (42, "Memory used", "%"),
    "memory_used": (43, "Memory used", "GiB"),
    "memory_available": (44, "Memory available", "GiB"),
    "process_memory": (45, "Memory of the process", "GiB"),
    "children_cpu_percent": (45, "CPU of its children", "%"),
    "children_memory": (45, "Memory of its children", "GiB"),
    "swap_percent": (46, "Swap used", "%"),
    "disk_percent": (47, "Disk used", "%"),
    "disk_free": (48, "Disk free", "GiB"),
    "disk_read": (49, "Disk read", "MB/s"),
    "disk_write": (50, "Disk written", "MB/s"),
    "network_sent": (51, "Network sent", "MB/s"),
    "network_received": (52, "Network received", "MB/s"),
}
_HOST_ALIASES: Final = {
    "cpu": "cpu_percent",
    "cpu_utilization": "cpu_percent",
    "cpu_usage": "cpu_percent",
    "memory": "memory_percent",
    "ram_percent": "memory_percent",
    "ram_used": "memory_used",
}
_BARE_HOST: Final = frozenset({"cpu_percent", "memory_percent", "process_cpu_percent", "cpu_utilization"})
"""Taken for hardware also without "system/" (S1.24); other bare words, like `memory`, may be anything of the user's."""

_PREFERENCE = re.compile(
    r"(?:(?P<split>eval|test|train)[/_])?(?P<what>(?:rewards?|logps|logits|kl|objective)(?:/.+|_std|_mean)?)"
)
_PREFERENCE_GOALS: Final[dict[str, Goal]] = {
    "reward": "max",
    "reward_mean": "max",
    "rewards/chosen": "max",
    "rewards/margins": "max",
    "rewards/accuracies": "max",
}
_PREFERENCE_ORDER: Final = (
    "reward",
    "reward_std",
    "rewards/accuracies",
    "rewards/margins",
    "rewards/chosen",
    "rewards/rejected",
)

# ------------------------------------------------------------------------------------- 2. the split, and the rest

_SPLIT = re.compile(
    r"(?P<word>train|training|eval|evaluation|val|valid|validation|dev|test)(?:[/_.](?=.))(?P<rest>.+)", re.I
)
_SPLITS: Final = {"train": "train", "training": "train", "test": "test"}  # every other word means evaluation

# --------------------------------------------------------------------------------- 3. the rest, against measures


@dataclass(frozen=True, slots=True)
class _Measure:
    words: str  # a pattern of the whole rest, lower case
    name: str
    title: str
    goal: Goal | None = None
    unit: str = ""
    group: str | None = None  # None: that of the split
    several: bool = False  # whether "<x>_<word>" is this measure of x: eval_g0_loss
    alike: str | None = None  # the words that are the same number; others that fit are kinds of it. None: all are


# The order is the order of charts within their group.
_MEASURES: Final = (
    _Measure(r"loss", "loss", "Loss", "min", several=True),
    _Measure(
        r"f1|f1[-_]score|(?:overall|macro|micro|weighted)_f1",
        "F1",
        "F1",
        "max",
        several=True,
        alike=r"f1|f1[-_]score|overall_f1",
    ),
    _Measure(
        r"accuracy|acc|overall_accuracy|balanced_accuracy|top[-_]?\d+[-_]acc(?:uracy)?",
        "accuracy",
        "Accuracy",
        "max",
        several=True,
        alike="accuracy|acc|overall_accuracy",
    ),
    _Measure(r"mean_token_accuracy|token_acc(?:uracy)?", "token accuracy", "Token accuracy", "max", several=True),
    _Measure(
        r"(?:(?:overall|macro|micro|weighted)_)?precision",
        "precision",
        "Precision",
        "max",
        several=True,
        alike="precision|overall_precision",
    ),
    _Measure(
        r"(?:(?:overall|macro|micro|weighted)_)?recall",
        "recall",
        "Recall",
        "max",
        several=True,
        alike="recall|overall_recall",
    ),
    _Measure(r"exact_match|em", "exact match", "Exact match", "max", several=True),
    _Measure(r"learning_rate|lr|lr-.+", "learning rate", "Learning rate", group="train", alike="learning_rate|lr"),
    _Measure(
        r"(?:total_)?grad(?:ient)?_norm|grad(?:ient)?_norm_total", "gradient norm", "Gradient norm", group="train"
    ),
    _Measure(r"grad_norm_mean", "mean gradient norm", "Gradient norm, mean between evaluations", group="train"),
    _Measure(r"grad_norm_max", "greatest gradient norm", "Gradient norm, greatest between evaluations", group="train"),
    _Measure(r"clipped_share", "share of clipped steps", "Clipped steps", group="train"),
    _Measure(r"loss_since_evaluation", "loss since the last evaluation", "Loss since the last evaluation", "min"),
    _Measure(
        r"loss_not_finite_steps", "steps without a finite loss", "Steps without a finite loss", "min", group="train"
    ),
    _Measure(r"perplexity|ppl", "perplexity", "Perplexity", "min", several=True),
    _Measure(r"wer|word_error_rate", "word error rate", "WER", "min", several=True),
    _Measure(r"cer|character_error_rate", "character error rate", "CER", "min", several=True),
    _Measure(r"(?:sacre)?bleu(?:_score|[-_]?\d)?", "BLEU", "BLEU", "max", several=True, alike="bleu|bleu_score"),
    _Measure(r"rouge[-_]?(?:\d|l|lsum|w)(?:_.+)?|rouge", "ROUGE", "ROUGE", "max", several=True, alike=""),
    _Measure(
        r"meteor|chrf\+*|bertscore(?:_f1)?|comet|spice|cider",
        "text similarity",
        "Similarity",
        "max",
        several=True,
        alike="",
    ),
    _Measure(
        r"(?:roc_?)?auc|auroc|auprc|average_precision|map|map_\d+|m?ap50(?:[-_]95)?",
        "ranking quality",
        "AUC",
        "max",
        several=True,
        alike="",
    ),
    _Measure(r"mrr|ndcg(?:@\d+)?|hit_rate|recall@\d+", "retrieval quality", "Retrieval", "max", several=True, alike=""),
    _Measure(
        r"mcc|matthews_correlation|pearsonr?|spearmanr?|kappa|r2|r2_score",
        "agreement",
        "Agreement",
        "max",
        several=True,
        alike="",
    ),
    _Measure(r"iou|mean_iou|miou|dice|psnr|ssim", "image agreement", "Overlap", "max", several=True, alike=""),
    _Measure(
        r"mse|rmse|mae|mape|mean_(?:squared|absolute)_error|error(?:_rate)?|ter|fid|brier|ece",
        "error",
        "Error",
        "min",
        several=True,
        alike="",
    ),
    _Measure(r"entropy", "entropy", "Entropy", several=True),
    _Measure(r"weight_decay|momentum|beta[12]?", "optimizer setting", "Optimizer setting", group="train", alike=""),
    _Measure(r"epoch", "epoch", "Epoch", unit="epochs", group="train"),
    _Measure(
        r"throughput|tokens_per_sec(?:ond)?(?:_per_gpu)?|tokens_per_s",
        "throughput",
        "Throughput",
        "max",
        "tokens/s",
        "speed",
    ),
    _Measure(r"step_time|time_per_step|step_avg", "step time", "Step time", "min", "s", "speed"),
    _Measure(r"data_wait_time", "wait for data", "Waiting for data, a step", "min", "s", "speed"),
    _Measure(r"compute_time", "compute time", "Computing, a step", "min", "s", "speed"),
    _Measure(r"between_steps_time", "time between steps", "Lost between steps", "min", "s", "speed"),
    _Measure(r"data_wait_percent", "share of waiting for data", "Waiting for data", "min", "%", "speed"),
    _Measure(r"time_left", "time left", "Time left", None, "s", "speed"),
    _Measure(r"cost", "cost", "Cost so far", None, "", "speed"),
    _Measure(r"cost_expected", "expected cost", "Cost expected at the end", None, "", "speed"),
    _Measure(r"samples_per_second", "samples a second", "Samples a second", "max", "samples/s", "speed", True),
    _Measure(r"steps_per_second|it_per_sec|its", "steps a second", "Steps a second", "max", "steps/s", "speed", True),
    _Measure(r"runtime|model_preparation_time|compilation_time", "runtime", "Runtime", None, "s", "speed", True),
    _Measure(
        r"num_tokens|total_tokens|num_input_tokens_seen|tokens|tokens_seen",
        "tokens",
        "Tokens",
        None,
        "tokens",
        "speed",
        alike="",
    ),
    _Measure(
        r"padding_tokens|truncated_tokens|completion_length|completions/.*length.*",
        "tokens of a batch",
        "Tokens",
        None,
        "tokens",
        "speed",
        alike="",
    ),
    _Measure(r"batch_size|seq_len|sequence_length", "batch shape", "Batch shape", group="speed", alike=""),
    _Measure(r"total_flos|flops|flos", "floating point operations", "FLOPs", None, "FLOPs", "speed"),
    _Measure(r"mfu", "model FLOPs use", "MFU", "max", "", "speed"),
)
_PATTERNS: Final = tuple(re.compile(measure.words) for measure in _MEASURES)
_SUFFIXES: Final = tuple(
    (place, re.compile(rf"(?P<of>.+?)[/_.](?:{measure.words})"))
    for place, measure in enumerate(_MEASURES)
    if measure.several
)


@lru_cache(maxsize=8192)
def quantity_of(metric: str) -> Quantity:
    """What a metric of this name measures. Never fails; the same name always gives the same answer."""
    metric = base_of(metric)
    return _hardware(metric) or _per_label(metric) or _preference(metric) or _measure(metric)


def _hardware(metric: str) -> Quantity | None:
    lower = metric.lower()
    if match := _GPU.fullmatch(lower):
        what = _GPU_ALIASES.get(match["what"], match["what"])
        rank, words, unit = _GPU_MEASURES.get(what, (39, what.replace("_", " "), ""))
        title = f"GPU {match['of'].replace('_mig_', ' MIG ')} {words}"
        return Quantity(
            name=f"GPU {what.replace('_', ' ')}", group="system", title=title, unit=unit, of=match["of"], rank=rank
        )
    bare = lower.removeprefix("system/").removeprefix("system.")
    if (bare and bare != lower) or lower in _BARE_HOST:
        what = _HOST_ALIASES.get(bare, bare)
        rank, title, unit = _HOST.get(what, (60, metric.split("/", 1)[-1], ""))
        return Quantity(name=f"host {what.replace('_', ' ')}", group="system", title=title, unit=unit, rank=rank)
    return None


def _per_label(metric: str) -> Quantity | None:
    match = _LABEL.fullmatch(metric) or _ENTITY.fullmatch(metric)
    if match is None:
        return None
    rank, title, goal = _LABEL_MEASURES[match["what"].removesuffix("-score").removesuffix("_score")]
    split = "" if match["split"] in ("eval", "val", "valid", "validation") else f" ({match['split']})"
    return Quantity(
        name=f"per-label {title if title == 'F1' else title.lower()}{split}",
        group="label",
        title=f"{title} · {match['of']}{split}",
        goal=goal,
        of=match["of"],
        rank=rank,
    )


def _preference(metric: str) -> Quantity | None:
    match = _PREFERENCE.fullmatch(metric)
    if match is None:
        return None
    what, split = match["what"], match["split"]
    on = "" if split in (None, "train") else f" · {split}"
    goal = _PREFERENCE_GOALS.get(what) or ("max" if what.startswith("rewards/") and what.endswith("/mean") else None)
    rank = _PREFERENCE_ORDER.index(what) if what in _PREFERENCE_ORDER else 50
    return Quantity(name=what + on, group="rewards", title=what + on, goal=goal, rank=rank * 2 + bool(on))


def _measure(metric: str) -> Quantity:
    split, rest = _split(metric)
    prefix, _, own = metric.partition("/")
    if split is None and prefix and own and not prefix.startswith("lr-"):
        return _users_own(metric, prefix, own)
    place, of = _place(rest)
    if place is None:
        return Quantity(name=metric, group=split or "other", title=rest)
    measure = _MEASURES[place]
    kind = _kind(rest[len(of) + 1 :] if of else rest, measure)
    name = f"{measure.name} ({kind.lower()})" if kind else measure.name
    title = (kind or measure.title) + (f" · {of}" if of else "")
    known = Quantity(name=name, group="", title=title, unit=measure.unit, goal=measure.goal, of=of, rank=place)
    if measure.group is None:
        return replace(known, group=split or "train", name=f"{_WORDS[split or 'train']} {name}")
    if split in (None, "train"):  # speed, learning rate …: one home, whatever the split
        return replace(known, group=measure.group)
    return replace(known, group=measure.group, name=f"{_WORDS[split]} {name}", title=f"{title} · {_WORDS[split]}")


def _users_own(metric: str, group: str, rest: str) -> Quantity:
    """`gsm8k/accuracy`: a group of the user's own; the last word may still tell unit and direction."""
    place, _ = _place(rest.rsplit("/", 1)[-1])
    if place is None:
        return Quantity(name=metric, group=group, title=rest)
    measure = _MEASURES[place]
    return Quantity(name=metric, group=group, title=rest, unit=measure.unit, goal=measure.goal, rank=place)


_WORDS: Final = {"train": "training", "eval": "evaluation", "test": "test"}


def _split(metric: str) -> tuple[str | None, str]:
    """("eval", "loss") of eval_loss, val/loss, validation.loss; (None, the name) when no split is named."""
    if match := _SPLIT.fullmatch(metric):
        return _SPLITS.get(match["word"].lower(), "eval"), match["rest"]
    return None, metric


def _place(rest: str) -> tuple[int | None, str]:
    """The measure that a rest names, as its place in the table, and what it is the measure of: "g0" of "g0_loss"."""
    lower = rest.lower()
    for place, pattern in enumerate(_PATTERNS):
        if pattern.fullmatch(lower):
            return place, ""
    for place, pattern in _SUFFIXES:
        if match := pattern.fullmatch(lower):
            return place, rest[: match.end("of")]
    return None, ""


def _kind(word: str, measure: _Measure) -> str:
    """Names that share a measure but are not the same number keep their own word: rouge1 and rougeL, MAE and MSE."""
    if measure.alike is None or re.fullmatch(measure.alike, word.lower()):
        return ""
    return word.upper() if len(word) <= 4 and "_" not in word else word.replace("_", " ")


def _natural(text: str) -> _Natural:
    """Sorts numbers in a text as numbers."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text) if part]
