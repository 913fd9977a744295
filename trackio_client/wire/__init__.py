"""The shared schema and its one binary form. Standard library only; docs/protocol.md gives the bytes."""
