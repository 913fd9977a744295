"""Forward passes that leave no trace: random numbers, the modes of modules and gradients stay as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trackio_client.integrations.transformers.reading import random_numbers_kept


@contextmanager
def untouched(model: Any) -> Iterator[None]:
    """Evaluate within: no gradients, every module in evaluation mode; afterwards everything is as before."""
    import torch

    in_training = [module for module in model.modules() if module.training]
    with random_numbers_kept(), torch.no_grad():
        try:
            for module in in_training:
                module.training = False
            yield
        finally:
            for module in in_training:
                module.training = True
