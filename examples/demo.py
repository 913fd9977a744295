"""`make demo`: a Space on this machine, and a small vision transformer that learns handwritten digits before your eyes.

The digits are scikit-learn's (1,797 images of 8 × 8); nothing is downloaded. The training is an ordinary Transformers
`Trainer` with one callback of ours. Ctrl-C stops everything; the recorded experiments stay.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
START_S = 180  # Gradio takes some seconds to import, on a busy machine many


def main() -> int:
    """Start the Space, train, leave the Space up until ctrl-C (or stop it, with --once)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=float, default=40, help="passes over the digits (default 40: 1 to 3 minutes)")
    parser.add_argument("--once", action="store_true", help="stop when the training is over")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with space() as address:
            train(address, chosen.epochs)
            if not chosen.once:
                print(f"\nThe Space stays up at {address}. Press ctrl-C to stop it.", flush=True)
                while True:
                    time.sleep(3600)
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
    return 0


# --- the Space --------------------------------------------------------------------------------------------------------


@contextmanager
def space() -> Iterator[str]:
    """A Space as a child of this process; yields its address, and ends it with us."""
    asked = os.environ.get("GRADIO_SERVER_PORT", "").strip() or "7860"
    if not asked.isdecimal() or not 0 < int(asked) < 65_536:
        sys.exit(f"GRADIO_SERVER_PORT must be a port, 1 to 65535, got {asked!r}: GRADIO_SERVER_PORT=9000 make demo")
    port = free_port(int(asked))
    address = f"http://127.0.0.1:{port}"
    environ = os.environ | {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port)}
    # A session of its own: ctrl-C reaches the training first, which tells the Space how it ended.
    child = subprocess.Popen(
        [sys.executable, "-m", "space"], cwd=ROOT, env=environ, stdout=subprocess.DEVNULL,
        start_new_session=os.name != "nt",
    )  # fmt: skip
    try:
        print("loading PyTorch and Transformers while the Space starts …", flush=True)
        import examples.digits  # noqa: F401  # Transformers: seconds, on the other core

        wait_for(address, child)
        yield address
    finally:
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait_for(address: str, child: subprocess.Popen[bytes]) -> None:
    """Return when the Space answers; say that it takes a while."""
    print(f"the Space at {address} ", end="", flush=True)
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if child.poll() is not None:
            sys.exit(
                f"\nthe Space ended with exit code {child.returncode} before it answered; its message stands above"
            )
        try:
            with urllib.request.urlopen(f"{address}/v1/health", timeout=2) as answer:
                if answer.status == 200:
                    print("is ready", flush=True)
                    return
        except (urllib.error.URLError, OSError):
            print(".", end="", flush=True)
            time.sleep(0.5)
    sys.exit(f"\nthe Space did not answer within {START_S} s")


def free_port(wanted: int) -> int:
    """`wanted`, or the next port that nobody listens on."""
    for port in range(wanted, wanted + 100):
        with socket.socket() as probe:
            if os.name != "nt":  # there this option would take a port that is in use
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    sys.exit(f"ports {wanted} to {wanted + 99} are all in use; name another: GRADIO_SERVER_PORT=9000 make demo")


# --- the training -----------------------------------------------------------------------------------------------------


def train(address: str, epochs: float) -> None:
    """Train with the Trainer and our callback; print where to watch it, early and at the end."""
    from transformers import PrinterCallback, Trainer, TrainerCallback, set_seed

    import trackio_client as trackio
    from examples.digits import arguments, digits, model, scores
    from trackio_client.integrations.transformers import TrackioCallback

    class Lines(TrainerCallback):
        """A line after the first epoch and every tenth of the training; all the rest is on the page."""

        loss = float("nan")

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            self.loss = logs.get("loss", self.loss)

        def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **kwargs: Any) -> None:
            epoch = round(state.epoch)
            if epoch == 1 or epoch % max(1, round(epochs / 10)) == 0 or epoch >= epochs:
                right = metrics["eval_accuracy"]
                print(f"  epoch {epoch:>3} of {epochs:g}: loss {self.loss:.3f}, {right:.1%} of digits read", flush=True)

    set_seed(7)
    learn, check = digits()
    print(flush=True)
    experiment = trackio.init(project="digits", config={"data": "scikit-learn digits"}, trackio_url=address)
    page = f"{address}/?" + urllib.parse.urlencode({"project": experiment.project, "experiment": str(experiment)})
    print(flush=True)  # init said where to watch it: let it stand out
    with experiment, tempfile.TemporaryDirectory() as folder:
        settings = arguments(folder, num_train_epochs=epochs)
        trainer = Trainer(
            model(), settings, train_dataset=learn, eval_dataset=check, compute_metrics=scores,
            callbacks=[TrackioCallback(experiment, hardware_s=2), Lines()],
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    print(f"\nThe training is over. All of it: {page}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
