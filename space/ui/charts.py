"""The live charts as a Gradio component: its value is the query, its DOM the charts.

Python sets *what* is looked at; the browser asks `/v1/series` for the points and keeps them. So an update of the value
never makes the charts anew: zoom, hover and scroll survive, and no figure travels through Gradio. The DOM stands beside
Gradio's root (`view/boot.js` says why).
"""

from __future__ import annotations

from typing import Any

import gradio as gr

# The template does not name the value: Gradio leaves the DOM alone when Python sets it.
_TEMPLATE = '<div class="trackio-charts"></div>'

_ON_LOAD = """
const page = import(props.library).then(({ mount }) => mount(element));
const ask = () => page.then((shell) => shell.ask(props.value));
ask();
watch('value', ask);
"""


class MetricCharts(gr.HTML):
    """Side bar, controls and metric charts of a project.

    The value is a dict, all keys optional: `project`, `view` ("metrics", "system", "table", "experiment"),
    `experiment` (the id to open), `shown` (ids that are ticked), `x`, `smoothing` ({"kind", "amount"}), `filter`.
    None leaves the page as the reader has it.
    """

    def __init__(
        self, value: dict[str, Any] | None = None, *, library: str = "/lib/page/boot.js", **options: Any
    ) -> None:
        """`library` is the address of the module that draws; it is fetched once, by the page's head."""
        super().__init__(
            value=value,
            html_template=_TEMPLATE,
            js_on_load=_ON_LOAD,
            apply_default_css=False,
            padding=False,
            library=library,
            **options,
        )

    def api_info(self) -> dict[str, Any]:
        """The value is an object: gr.HTML would say a string."""
        return {"type": "object", "description": "what the charts show"}

    def example_payload(self) -> dict[str, Any]:
        """A value for the API's page."""
        return {"project": "my-project"}

    def example_value(self) -> dict[str, Any]:
        """A value for the API's page."""
        return {"project": "my-project"}
