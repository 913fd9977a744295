"""Import Gradio without its stub files for editors, which take as long as all the rest of its import.

For each of its 81 component classes Gradio 6 parses the class's source, renders a stub (`.pyi`) and compares it with
the file beside it (`gradio/component_meta.py`, `create_or_modify_pyi`): 1.8 of the 3.5 s of processor time that
`import gradio` takes. A server reads none of them, and the folder may be one that it may not write.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

MODULE = "gradio.component_meta"
WRITES = "create_or_modify_pyi"


class _Finder:
    """Finds one module, once, as Python would; its function that writes stubs does nothing."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def without_stubs(module: ModuleType) -> None:
            execute(module)
            if hasattr(module, WRITES):  # another Gradio may do without: then it is as quick already
                setattr(module, WRITES, _nothing)

        spec.loader.exec_module = without_stubs  # type: ignore[method-assign]
        return spec


def _nothing(*_: object) -> None:
    pass


def leave_out_stubs() -> None:
    """Before the first `import gradio`; without effect after it."""
    if MODULE not in sys.modules and not any(isinstance(one, _Finder) for one in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
