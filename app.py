"""What a Hugging Face Space runs, and `python app.py` on any machine."""

from space.server import main

if __name__ == "__main__":
    raise SystemExit(main())
