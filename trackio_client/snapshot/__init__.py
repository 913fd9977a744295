"""Experiments as one HTML file that needs no server, and what any such page tells of them."""
