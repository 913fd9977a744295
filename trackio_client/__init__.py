"""Experiment tracking: init, log, finish."""
