"""Values that may reach a remote and nothing else."""

from __future__ import annotations

from typing import Any, NoReturn


class Secret:
    """Hold a credential or code so that it cannot be printed, compared by accident, pickled or put into JSON.

    `reveal()` is called in one place only: where the transport writes the request.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | bytes) -> None:
        self._value = value

    def reveal(self) -> str | bytes:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(•••)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")

    def __deepcopy__(self, memo: Any) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")
