"""Whether a token can travel in a request's header, told without showing it."""

from __future__ import annotations


def flaw_of(token: str | None, name: str) -> str:
    """Why a token cannot be sent, in words that hold none of it; "" when it can.

    The network's own error would show the whole token, in a form that no mask knows.

    Args:
        token: as it was given; None is none.
        name: where it was given, for people.
    """
    for place, letter in enumerate(token or "", start=1):
        if not " " < letter < "\x7f":
            what = (
                "a blank or a line's end" if letter.isspace() else "a letter outside of ASCII, or a control character"
            )
            return (
                f"no request can carry what stands in {name}. Character {place} of {len(token or '')} is {what}; "
                "letters, digits and signs in one word are wanted: copy it again"
            )
    return ""
