"""The command `trackio-client`, one file a noun."""
