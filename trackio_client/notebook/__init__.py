"""How experiments show themselves in a notebook: HTML that needs neither scripts nor a network, and Markdown."""
