"""Body formats other than JSON: each is written from, and read into, the same plain values as JSON.

So whatever follows (redaction by key, the call log, a provider's own reading) is the same for every format.
"""

from __future__ import annotations

from typing import Any, Protocol


class UnsoundBody(ValueError):
    """The body is not what its content type says, or the value cannot be said in this format. Never quotes a value."""


class Media(Protocol):
    """One format. `content_type` is what a request of ours says, charset included."""

    @property
    def content_type(self) -> str: ...

    def reads(self, content_type: str) -> bool:
        """Say whether an answer of this content type is in this format."""

    def read(self, body: bytes) -> Any:
        """Return strings, lists and objects that can be stored, or raise `UnsoundBody`."""

    def write(self, value: Any) -> bytes:
        """Return the body of a request, or raise `UnsoundBody`."""
