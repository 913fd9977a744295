"""Spaces on the Hub: making one with a command, bringing it up to date, taking it away, asking whether it answers."""
