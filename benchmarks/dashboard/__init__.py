"""What the pages cost that people keep open all day, measured in Chromium: `python -m benchmarks.dashboard`."""
