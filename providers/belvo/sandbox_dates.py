"""How the emulator writes dates: in every style that Belvo mixes."""

from __future__ import annotations

from datetime import datetime


def stamp(at: datetime, style: str = "Z") -> str:
    """Write a time in one of the styles that Belvo mixes: `Z` (6 digits), `ms` (3 digits), `+00:00` (6 digits)."""
    text = at.strftime("%Y-%m-%dT%H:%M:%S.")
    if style == "ms":
        return f"{text}{at.microsecond // 1000:03d}Z"
    return f"{text}{at.microsecond:06d}{style}"
