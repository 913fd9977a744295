"""The project's page: experiments beside their charts. Everything on it is drawn by `trackio_client.view`."""

from __future__ import annotations

from space.ui.charts import MetricCharts


def metrics_page(*, library: str) -> MetricCharts:
    """Put the charts on the page being built. What is looked at stands in the address, which the browser reads."""
    return MetricCharts(library=library, elem_id="charts")
