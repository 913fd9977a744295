"""The project's page: experiments beside their charts. Everything on it is drawn by `trackio_client.view`."""

from __future__ import annotations

import gradio as gr

from space.ui.charts import MetricCharts


def metrics_page(page: gr.Blocks, *, library: str) -> MetricCharts:
    """Put the charts on a page. What is looked at stands in the address, which the browser reads itself."""
    with page:
        return MetricCharts(library=library, elem_id="charts")
