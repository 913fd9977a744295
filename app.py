"""What a Hugging Face Space runs, and `python app.py` on any machine."""

import os

if os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true"):
    # On ZeroGPU the platform waits for a GPU function and for the report that Gradio's own launch() would send. We have
    # neither, so one that does nothing, and the report by hand. `spaces` wants to be imported before all else.
    import spaces
    import spaces.zero

    @spaces.GPU
    def _no_gpu_is_needed() -> None:
        """Never called."""

    spaces.zero.startup()

from space.server import main

if __name__ == "__main__":
    raise SystemExit(main())
