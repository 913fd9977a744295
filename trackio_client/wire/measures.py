"""The table of measures: what the last words of a metric's name say it is (`loss`, `f1`, `learning_rate`, `wer` …)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from trackio_client.wire.quantity import Goal


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of the table: names that are the same measure, and how it is meant."""

    words: str  # a pattern of the whole rest, lower case
    name: str
    title: str
    goal: Goal | None = None
    unit: str = ""
    group: str | None = None  # None: that of the split
    several: bool = False  # whether "<x>_<word>" is this measure of x: eval_g0_loss
    alike: str | None = None  # the words that are the same number; others that fit are kinds of it. None: all are


# The order is the order of charts within their group.
MEASURES: Final = (
    Measure(r"loss", "loss", "Loss", "min", several=True),
    Measure(
        r"f1|f1[-_]score|(?:overall|macro|micro|weighted)_f1",
        "F1",
        "F1",
        "max",
        several=True,
        alike=r"f1|f1[-_]score|overall_f1",
    ),
    Measure(
        r"accuracy|acc|overall_accuracy|balanced_accuracy|top[-_]?\d+[-_]acc(?:uracy)?",
        "accuracy",
        "Accuracy",
        "max",
        several=True,
        alike="accuracy|acc|overall_accuracy",
    ),
    Measure(r"mean_token_accuracy|token_acc(?:uracy)?", "token accuracy", "Token accuracy", "max", several=True),
    Measure(
        r"(?:(?:overall|macro|micro|weighted)_)?precision",
        "precision",
        "Precision",
        "max",
        several=True,
        alike="precision|overall_precision",
    ),
    Measure(
        r"(?:(?:overall|macro|micro|weighted)_)?recall",
        "recall",
        "Recall",
        "max",
        several=True,
        alike="recall|overall_recall",
    ),
    Measure(r"exact_match|em", "exact match", "Exact match", "max", several=True),
    Measure(r"learning_rate|lr|lr-.+", "learning rate", "Learning rate", group="train", alike="learning_rate|lr"),
    Measure(r"(?:total_)?grad(?:ient)?_norm|grad(?:ient)?_norm_total", "gradient norm", "Gradient norm", group="train"),
    Measure(r"grad_norm_mean", "mean gradient norm", "Gradient norm, mean between evaluations", group="train"),
    Measure(r"grad_norm_max", "greatest gradient norm", "Gradient norm, greatest between evaluations", group="train"),
    Measure(r"clipped_share", "share of clipped steps", "Clipped steps", group="train"),
    Measure(r"loss_since_evaluation", "loss since the last evaluation", "Loss since the last evaluation", "min"),
    Measure(
        r"loss_not_finite_steps", "steps without a finite loss", "Steps without a finite loss", "min", group="train"
    ),
    Measure(r"perplexity|ppl", "perplexity", "Perplexity", "min", several=True),
    Measure(r"wer|word_error_rate", "word error rate", "WER", "min", several=True),
    Measure(r"cer|character_error_rate", "character error rate", "CER", "min", several=True),
    Measure(r"(?:sacre)?bleu(?:_score|[-_]?\d)?", "BLEU", "BLEU", "max", several=True, alike="bleu|bleu_score"),
    Measure(r"rouge[-_]?(?:\d|l|lsum|w)(?:_.+)?|rouge", "ROUGE", "ROUGE", "max", several=True, alike=""),
    Measure(
        r"meteor|chrf\+*|bertscore(?:_f1)?|comet|spice|cider",
        "text similarity",
        "Similarity",
        "max",
        several=True,
        alike="",
    ),
    Measure(
        r"(?:roc_?)?auc|auroc|auprc|average_precision|map|map_\d+|m?ap50(?:[-_]95)?",
        "ranking quality",
        "AUC",
        "max",
        several=True,
        alike="",
    ),
    Measure(r"mrr|ndcg(?:@\d+)?|hit_rate|recall@\d+", "retrieval quality", "Retrieval", "max", several=True, alike=""),
    Measure(
        r"mcc|matthews_correlation|pearsonr?|spearmanr?|kappa|r2|r2_score",
        "agreement",
        "Agreement",
        "max",
        several=True,
        alike="",
    ),
    Measure(r"iou|mean_iou|miou|dice|psnr|ssim", "image agreement", "Overlap", "max", several=True, alike=""),
    Measure(
        r"mse|rmse|mae|mape|mean_(?:squared|absolute)_error|error(?:_rate)?|ter|fid|brier|ece",
        "error",
        "Error",
        "min",
        several=True,
        alike="",
    ),
    Measure(r"entropy", "entropy", "Entropy", several=True),
    Measure(r"weight_decay|momentum|beta[12]?", "optimizer setting", "Optimizer setting", group="train", alike=""),
    Measure(r"epoch", "epoch", "Epoch", unit="epochs", group="train"),
    Measure(
        r"throughput|tokens_per_sec(?:ond)?(?:_per_gpu)?|tokens_per_s",
        "throughput",
        "Throughput",
        "max",
        "tokens/s",
        "speed",
    ),
    Measure(r"step_time|time_per_step|step_avg", "step time", "Step time", "min", "s", "speed"),
    Measure(r"data_wait_time", "wait for data", "Waiting for data, a step", "min", "s", "speed"),
    Measure(r"compute_time", "compute time", "Computing, a step", "min", "s", "speed"),
    Measure(r"between_steps_time", "time between steps", "Lost between steps", "min", "s", "speed"),
    Measure(r"data_wait_percent", "share of waiting for data", "Waiting for data", "min", "%", "speed"),
    Measure(r"time_left", "time left", "Time left", None, "s", "speed"),
    Measure(r"cost", "cost", "Cost so far", None, "", "speed"),
    Measure(r"cost_expected", "expected cost", "Cost expected at the end", None, "", "speed"),
    Measure(r"samples_per_second", "samples a second", "Samples a second", "max", "samples/s", "speed", True),
    Measure(r"steps_per_second|it_per_sec|its", "steps a second", "Steps a second", "max", "steps/s", "speed", True),
    Measure(r"runtime|model_preparation_time|compilation_time", "runtime", "Runtime", None, "s", "speed", True),
    Measure(
        r"num_tokens|total_tokens|num_input_tokens_seen|tokens|tokens_seen",
        "tokens",
        "Tokens",
        None,
        "tokens",
        "speed",
        alike="",
    ),
    Measure(
        r"padding_tokens|truncated_tokens|completion_length|completions/.*length.*",
        "tokens of a batch",
        "Tokens",
        None,
        "tokens",
        "speed",
        alike="",
    ),
    Measure(r"batch_size|seq_len|sequence_length", "batch shape", "Batch shape", group="speed", alike=""),
    Measure(r"total_flos|flops|flos", "floating point operations", "FLOPs", None, "FLOPs", "speed"),
    Measure(r"mfu", "model FLOPs use", "MFU", "max", "", "speed"),
)
_PATTERNS: Final = tuple(re.compile(measure.words) for measure in MEASURES)
_SUFFIXES: Final = tuple(
    (place, re.compile(rf"(?P<of>.+?)[/_.](?:{measure.words})"))
    for place, measure in enumerate(MEASURES)
    if measure.several
)


def place_of(rest: str) -> tuple[int | None, str]:
    """The measure that a rest names, as its place in the table, and what it is the measure of: "g0" of "g0_loss"."""
    lower = rest.lower()
    for place, pattern in enumerate(_PATTERNS):
        if pattern.fullmatch(lower):
            return place, ""
    for place, pattern in _SUFFIXES:
        if match := pattern.fullmatch(lower):
            return place, rest[: match.end("of")]
    return None, ""


def kind_of(word: str, measure: Measure) -> str:
    """Names that share a measure but are not the same number keep their own word: rouge1 and rougeL, MAE and MSE."""
    if measure.alike is None or re.fullmatch(measure.alike, word.lower()):
        return ""
    return word.upper() if len(word) <= 4 and "_" not in word else word.replace("_", " ")
