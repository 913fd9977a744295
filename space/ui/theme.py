"""Gradio's own widgets in our colours, so that both look like one thing. view/styles/page.css has the same tokens."""

from __future__ import annotations

import gradio as gr

_FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace")

CSS = """
.gradio-container, .gradio-container > main, .gradio-container .wrap {
  padding: 0 !important; margin: 0 !important; max-width: none !important;
}
footer { display: none !important; }
"""
"""Takes away what Gradio puts around a page: padding, the width's limit, the footer."""


def theme() -> gr.themes.Base:
    """The theme of every Gradio page. No web font: a page of ours loads nothing from elsewhere."""
    return gr.themes.Base(
        font=_FONT,
        font_mono=_MONO,
        radius_size=gr.themes.sizes.radius_sm,
        spacing_size=gr.themes.sizes.spacing_sm,
        text_size=gr.themes.sizes.text_sm,
    ).set(
        body_background_fill="#f6f7f9",
        body_background_fill_dark="#0e1115",
        body_text_color="#1a1e24",
        body_text_color_dark="#e7eaee",
        block_background_fill="#ffffff",
        block_background_fill_dark="#151a20",
        block_border_color="#dfe3e8",
        block_border_color_dark="#2a323b",
        button_primary_background_fill="#5145cd",
        button_primary_background_fill_dark="#a5a0ff",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#14122b",
        link_text_color="#5145cd",
        link_text_color_dark="#a5a0ff",
    )
