"""Faults that wait for the next matching requests to an emulator."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

KINDS = ("answer", "silence", "cut", "slow", "apply_then_cut", "apply_then_silence")
BLOCKED_HTML = (
    "<html><head><title>403 Forbidden</title></head><body>\n<center><h1>403 Forbidden</h1></center>\n"
    "<hr><center>openresty</center>\n</body></html>\n"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the next `times` requests whose method and path match (`*` matches anything).

    `answer`: this status and body instead of the remote's own. `silence`: nothing for `seconds`, then the connection is
    cut. `cut`: cut at once. `slow`: the remote's own answer, `seconds` later. `apply_then_cut`, `apply_then_silence`:
    the request takes effect, its answer never comes. `blocked` is short for the HTML 403 of an edge server.
    """

    kind: str
    method: str = "*"
    path: str = "*"
    times: int = 1
    seconds: float = 0.0
    status: int = 500
    body: str = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind == "blocked":
            blocked = {"kind": "answer", "status": 403, "body": BLOCKED_HTML, "content_type": "text/html"}
            for name, value in blocked.items():
                object.__setattr__(self, name, value)
        if self.kind not in KINDS:
            raise ValueError(f"“{self.kind}” is no kind of fault; there are {', '.join(KINDS)} and blocked.")

    def matches(self, method: str, path: str) -> bool:
        return self.method in ("*", method) and fnmatchcase(path, self.path)


class FaultQueue:
    """Faults in the order they were added; the first that matches is used up."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.matches(method, path):
                    if fault.times > 1:
                        self._faults[index] = replace(fault, times=fault.times - 1)
                    else:
                        del self._faults[index]
                    return fault
        return None

    def waiting(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
