"""LkString: blocks of text that say by labels what they are; the body of `text/plain`.

Source: LINKAR_WS manual, lk_text_plain; StringFunctions.GetData of the vendor's clients; ComposeUpdateBuffer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..media import UnsoundBody
from .multivalue import AM, FS, RS, VM, attributes_of

CONTENT_TYPE = "text/plain; charset=utf-8"
ID, ORIGINAL = "LKITEMID", "ORIGINAL_RECORD"
_FIRST_LABEL = "THIS_LIST"
_ERROR_PARTS = ("CODE", "MESSAGE", "LKITEMID")
# A record of two hundred thousand attributes is no record.
_MAX_ITEMS = 200_000


class LkString:
    """Text with FS, RS and AM between its parts, read into the values that JSON would give."""

    content_type = CONTENT_TYPE

    def reads(self, content_type: str) -> bool:
        return content_type.partition(";")[0].strip().lower() == "text/plain"

    def can_say(self, text: str) -> bool:
        return FS not in text and RS not in text

    def read(self, body: bytes) -> Any:
        """Read an answer. Blocks are found by label, never by place: the manual's own prose swaps two of them."""
        blocks = _blocks_of(_text_of(body))
        records = _records_in(blocks)
        answer: dict[str, Any] = {}
        if "TOTAL_RECORDS" in blocks:
            answer["TOTAL_RECORDS"] = blocks["TOTAL_RECORDS"]
        if "RECORD_ID" in blocks or records:
            answer["RECORDS"] = records
        if blocks.get("ERRORS"):
            answer["ERRORS"] = [
                dict(zip(_ERROR_PARTS, entry.split(VM), strict=False)) for entry in blocks["ERRORS"].split(AM)
            ]
        return answer

    def write(self, value: Any) -> bytes:
        """Write the records of an update: `ids FS records FS originals`, the last only with the lock.

        The attributes of a record stand in the order of its keys: all of them, or those that `dictionaries` names.
        """
        records = value.get("RECORDS") if isinstance(value, Mapping) else None
        if not isinstance(records, Sequence) or not records:
            raise UnsoundBody("an LkString is made of records")
        blocks = [_list(record[ID] for record in records), _list(map(_buffer_of, records))]
        if ORIGINAL in records[0]:
            blocks.append(_list((record[ORIGINAL] for record in records), holds=AM))
        return FS.join(blocks).encode("utf-8")


LKSTRING = LkString()


def _text_of(body: bytes) -> str:
    """Decode. Assumed: UTF-8 whatever the header says, and Latin-1 where that fails, as old services send."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    return text.removeprefix("\ufeff").replace("\0", "\ufffd")


def _blocks_of(text: str) -> dict[str, str]:
    first, *blocks = text.split(FS)
    labels = [label.upper() for label in first.split(AM)]
    if labels[0] != _FIRST_LABEL or len(labels) != len(blocks) + 1 or len(set(labels)) != len(labels):
        raise UnsoundBody("no LkString")
    return dict(zip(labels[1:], blocks, strict=True))


def _records_in(blocks: Mapping[str, str]) -> list[dict[str, str]]:
    ids = _items(blocks.get("RECORD_ID", ""))
    records: list[dict[str, str]] = [{ID: record_id} for record_id in ids]
    _add(records, _column(blocks, "RECORD", len(ids)), _names(blocks, "RECORD_DICTS"), numbered=True)
    _add(records, _column(blocks, "CALCULATED", len(ids)), _names(blocks, "CALCULATED_DICTS"), numbered=False)
    for record, original in zip(records, _column(blocks, "ORIGINALRECORD", len(ids)), strict=False):
        record[ORIGINAL] = original
    return records


def _add(records: list[dict[str, str]], buffers: list[str], names: list[str], *, numbered: bool) -> None:
    """Give each value the name that stands in its place; what has none is `LKFLDn`, as in JSON."""
    for record, buffer in zip(records, buffers, strict=False):
        values = attributes_of(buffer)
        if len(values) > _MAX_ITEMS:
            raise UnsoundBody("too many attributes")
        for place, name in enumerate(names):
            record.setdefault(name or f"LKFLD{place + 1}", values[place] if place < len(values) else "")
        for place in range(len(names), len(values) if numbered else 0):
            record.setdefault(f"LKFLD{place + 1}", values[place])


def _column(blocks: Mapping[str, str], label: str, count: int) -> list[str]:
    """Return one buffer a record; () where the block is not there. One empty entry a record may stand in CALCULATED."""
    if label not in blocks or not count:
        return []
    found = blocks[label].split(RS)
    if len(found) == count:
        return found
    if not blocks[label]:
        return []
    raise UnsoundBody(f"{label} does not have an entry for each record")


def _items(block: str) -> list[str]:
    found = block.split(RS) if block else []
    if len(found) > _MAX_ITEMS:
        raise UnsoundBody("too many records")
    return found


def _names(blocks: Mapping[str, str], label: str) -> list[str]:
    return blocks[label].split(AM) if blocks.get(label) else []


def _buffer_of(record: Mapping[str, Any]) -> str:
    values = [str(value) for name, value in record.items() if name not in (ID, ORIGINAL)]
    if any(AM in value for value in values):
        raise UnsoundBody("a value holds the mark between attributes")
    return AM.join(values)


def _list(items: Any, *, holds: str = AM) -> str:
    texts = [str(item) for item in items]
    if not all(map(LKSTRING.can_say, texts)):
        raise UnsoundBody("a value holds a mark of LkString itself")
    return RS.join(texts)
