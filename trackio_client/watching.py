"""watch(model): how gradients and parameters are spread, as histograms, every so many steps.

Between two looks a step costs one call of a function that counts. A look hooks each parameter once: its gradient is
counted into 64 bins where it lies (on the GPU too), and the counts alone are copied.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from trackio_client.errors import UsageError
from trackio_client.media.histograms import Histogram

BINS: Final = 64
MAX_WATCHED: Final = 500
"""Parameters of a model that are looked at: each look is an event of 1 KB for each."""


class Watch:
    """Looks at one model every `log_freq` forward passes with gradients.

    Args:
        experiment: to which histograms are logged.
        model: a torch.nn.Module.
        what: of "gradients" and "parameters".
        log_freq: forward passes between two looks.
        prefix: before the names, when several models are watched.
    """

    def __init__(self, experiment: Any, model: Any, what: Iterable[str], log_freq: int, prefix: str) -> None:
        self.model = model
        self._experiment = experiment
        self._what = frozenset(what)
        self._every = max(1, int(log_freq))
        self._prefix = prefix
        self._count = 0
        self._hooks: list[Any] = []
        self._forward = model.register_forward_pre_hook(self._passing)

    def _passing(self, model: Any, inputs: Any) -> None:
        if not model.training:
            return
        self._count += 1
        if self._count % self._every == 0:
            try:
                self._look()
            except Exception as error:  # inside the user's forward pass: training must go on
                self._experiment.notices.warn("watch", f"watch() met {type(error).__name__}: {error}. It stops")
                self.stop()

    def _look(self) -> None:
        self._unhook()
        for name, parameter in self.watched():
            if "parameters" in self._what:
                self._log(f"parameters/{self._prefix}{name}", parameter)
            if "gradients" in self._what and parameter.requires_grad:
                self._hook(f"gradients/{self._prefix}{name}", parameter)

    def watched(self) -> list[tuple[str, Any]]:
        """The parameters that are looked at."""
        named = [(name, one) for name, one in self.model.named_parameters() if one.numel()]
        if len(named) > MAX_WATCHED:
            self._experiment.notices.warn(
                "watch:many", f"watch(): of {len(named):,} parameters the first {MAX_WATCHED} are looked at"
            )
        return named[:MAX_WATCHED]

    def _hook(self, name: str, parameter: Any) -> None:
        """One look at the next gradient of a parameter."""
        place = len(self._hooks)

        def seen(gradient: Any) -> None:
            if self._hooks and self._hooks[place] is not None:
                self._hooks[place].remove()
                self._hooks[place] = None
                self._log(name, gradient)

        self._hooks.append(parameter.register_hook(seen))

    def _log(self, name: str, tensor: Any) -> None:
        try:
            histogram = of_tensor(tensor)
            if histogram is not None:
                self._experiment.log({name: histogram}, commit=False)
        except Exception as error:  # inside the user's backward pass: training must go on
            self._experiment.notices.warn("watch:look", f"watch() met {type(error).__name__}: {error} at {name!r}")

    def _unhook(self) -> None:
        for hook in self._hooks:
            if hook is not None:
                hook.remove()
        self._hooks = []

    def stop(self) -> None:
        """Leave the model as it was."""
        self._unhook()
        self._forward.remove()


def of_tensor(tensor: Any) -> Histogram | None:
    """A histogram of a torch tensor of any device and type; None if it has no finite value."""
    values = tensor.detach()
    if values.is_sparse:  # gradients of embeddings
        values = values.coalesce().values()
    values = values.flatten().float()
    finite = values[values.isfinite()]
    bad = values.numel() - finite.numel()
    if not finite.numel():
        return None
    low, high = float(finite.min()), float(finite.max())
    edges = (low, high) if high > low else (low - 0.5, high + 0.5)
    counts = finite.histc(BINS, *edges).tolist()
    width = (edges[1] - edges[0]) / BINS
    made = Histogram(np_histogram=(counts, [edges[0] + width * at for at in range(BINS + 1)]))
    made.bad = bad
    return made


def watch(
    experiment: Any,
    models: Any,
    *,
    log: str | None = "gradients",
    log_freq: int = 1000,
    idx: int | None = None,
    log_graph: bool = False,
) -> None:
    """Look at the gradients or parameters of torch models every `log_freq` forward passes in training mode.

    Args:
        experiment: to which histograms `gradients/<name>` and `parameters/<name>` are logged.
        models: a torch.nn.Module, or several.
        log: "gradients", "parameters", "all", or None for nothing.
        log_freq: passes between two looks.
        idx: the number of the first model, when names must differ.
        log_graph: keep the modules of the model as a text.

    Raises:
        UsageError: `log` is another word. What is no torch model is said and left alone.
    """
    what = {"gradients": ("gradients",), "parameters": ("parameters",), "all": ("gradients", "parameters"), None: ()}
    if log not in what:
        raise UsageError(f"watch(log=) must be 'gradients', 'parameters', 'all' or None, got {log!r:.80}")
    given = list(models) if isinstance(models, (list, tuple)) else [models]
    for at, model in enumerate(given):
        if not hasattr(model, "register_forward_pre_hook") or not hasattr(model, "named_parameters"):
            experiment.notices.warn("watch:what", f"watch() takes torch.nn.Module, not {type(model).__name__}")
            continue
        number = at + (idx or 0)
        if log_graph:
            experiment.log({f"graph_{number}": str(model)}, commit=False)
        if what[log] and not any(one.model is model for one in experiment.watches):
            prefix = f"graph_{number}/" if number else ""
            experiment.watches.append(Watch(experiment, model, what[log], log_freq, prefix))


def unwatch(experiment: Any, models: Any = None) -> None:
    """Stop looking at some models, or at all."""
    given = None if models is None else list(models) if isinstance(models, (list, tuple)) else [models]
    for one in list(experiment.watches):
        if given is None or any(one.model is model for model in given):
            one.stop()
            experiment.watches.remove(one)
