"""What the call log may keep of a record: the values that the map shows, and of the others only that they are there.

An attribute that no map names may hold a secret, and with `crud/sch` it comes under a name that nobody told us.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..redaction import MASK
from .file_map import RecordMap
from .multivalue import AM, FS, RS

# Source: LINKAR_WS manual: records that describe dictionaries, and the one of GetVersion, hold no data of customers.
_DESCRIBES = ({"FILENAME", "DICTNAME"}, {"LKSERVERVERSION"})
_ALWAYS = frozenset(("LKITEMID",))
_MAX_UNREAD = 300


class Teller:
    """Knows the names whose values may be kept."""

    def __init__(self, record_map: RecordMap) -> None:
        shown = (name for file in record_map.files for name in (*file.numbers, *file.calculated) if file.tells(name))
        self._names = _ALWAYS | frozenset(shown)

    def tells(self, value: Any) -> Any:
        """Return what may be kept of a body, or of the text of one that could not be read."""
        if isinstance(value, str):
            return _unread(value)
        if not isinstance(value, Mapping):
            return value
        return {key: self._records(item) if key in ("RECORDS", "RECORD") else item for key, item in value.items()}

    def _records(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._records(item) for item in value]
        if not isinstance(value, Mapping):
            return MASK
        if any(names <= set(value) for names in _DESCRIBES):
            return value
        return {key: self._told(key, item) for key, item in value.items()}

    def _told(self, key: str, value: Any) -> Any:
        if isinstance(value, list | Mapping):
            return self._records(value)
        return value if key in self._names or value in ("", None) else MASK


def _unread(text: str) -> str:
    """Return a page of a proxy, cut; of what may be half a record, its length only."""
    is_record = any(mark in text for mark in (AM, FS, RS)) or "RECORD" in text.upper()
    return f"(not read, {len(text)} characters)" if is_record else text[:_MAX_UNREAD]
