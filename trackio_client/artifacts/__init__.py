"""Artifacts: files with a name, versions and a history, made by one experiment and used by others."""
