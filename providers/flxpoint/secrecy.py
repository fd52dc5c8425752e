"""Which configs are secret, and which values are only a mask. Pure.

Source: the contract, section 5. Nothing in Flxpoint's API marks a secret, and nothing says whether one is answered in
clear, masked, or not at all (all Assumed possible).
"""

from __future__ import annotations

import re

_SECRET_TYPE = re.compile(r"pass|secret|token|credential|private", re.IGNORECASE)
_SECRET_NAME = re.compile(
    r"pass(word)?|secret|token|api.?key|private.?key|credential|client.?secret|auth", re.IGNORECASE
)
_MASK = re.compile(r"[*•x]+")
# An address that carries a user and a password is one secret, whatever its config is called.
_CREDENTIALS_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#\s]*:[^/?#\s]*@", re.IGNORECASE)


def is_secret(*, handle: str, name: str, data_type: str, hidden: bool, value: str | None = None) -> bool:
    """Say whether a config must never be shown. Assumed: an `oauth2` config holds a token."""
    return (
        hidden
        or data_type.lower() == "oauth2"
        or _SECRET_TYPE.search(data_type) is not None
        or _SECRET_NAME.search(handle) is not None
        or _SECRET_NAME.search(name) is not None
        or holds_credentials(value or "")
    )


def holds_credentials(text: str) -> bool:
    return _CREDENTIALS_IN_URL.search(text) is not None


def is_mask(value: str | None, options: tuple[str, ...] = ()) -> bool:
    """Say whether a value only stands for one: it is never written. What is offered as a choice is no mask."""
    return value is not None and value not in options and _MASK.fullmatch(value) is not None
