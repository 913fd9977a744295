"""`python -m space` starts the server."""

from space.server import main

if __name__ == "__main__":
    raise SystemExit(main())
