"""How often labels are predicted, against how often they are gold: more recall by guessing more is seen here."""

from __future__ import annotations

from typing import Any

from trackio_client.scoring.classes import ClassScores
from trackio_client.scoring.spans import EntityScores, Tagging
from trackio_client.scoring.tokens import Flat


def entity_rates(tagging: Tagging, entities: EntityScores, tokens: Flat) -> dict[str, Any]:
    """Entities predicted and in the gold data, for all and each type.

    Returns:
        {"gold_entities", "predicted_entities", "gold_rate", "predicted_rate": entities a token, "ratio": predicted over
        gold, "gold_token_share", "predicted_token_share": tokens inside entities, "types": {type: {"gold", "predicted",
        "ratio"}}}. A ratio over nothing is None: it is not 0.
    """
    count = int(tokens.gold.size)
    inside = tagging.type_numbers >= 0
    share = [
        float(inside[numbers[(numbers >= 0) & (numbers < inside.size)]].sum()) / count if count else None
        for numbers in (tokens.gold, tokens.predicted)
    ]
    gold, predicted = len(entities.gold), len(entities.predicted)
    return {
        "mode": entities.mode,
        "tokens": count,
        "gold_entities": gold,
        "predicted_entities": predicted,
        "gold_rate": gold / count if count else None,
        "predicted_rate": predicted / count if count else None,
        "ratio": predicted / gold if gold else None,
        "gold_token_share": share[0],
        "predicted_token_share": share[1],
        "types": {
            name: {
                "gold": score.support,
                "predicted": score.predicted,
                "ratio": score.predicted / score.support if score.support else None,
            }
            for name, score in entities.scores.labels.items()
        },
    }


def label_rates(scored: ClassScores) -> dict[str, Any]:
    """The share of samples that each label has, predicted and gold."""
    count = scored.count
    return {
        "samples": count,
        "labels": {
            name: {
                "gold": score.support,
                "predicted": score.predicted,
                "gold_share": score.support / count if count else None,
                "predicted_share": score.predicted / count if count else None,
                "ratio": score.predicted / score.support if score.support else None,
            }
            for name, score in scored.scores.labels.items()
        },
    }
