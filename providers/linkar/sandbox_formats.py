"""The three body formats as the emulated remote writes and reads them; made from the contract, not from our client."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

FS, RS, AM, VM = "\x1c", "\x1e", "\xfe", "\xfd"
JSON, XML, TEXT = "application/json", "application/xml", "text/plain"
Row = dict[str, Any]


class Unreadable(ValueError):
    """A request body that the remote cannot read."""


@dataclass(frozen=True, slots=True)
class Error:
    code: str
    message: str
    item_id: str = ""


@dataclass(slots=True)
class Answer:
    """What the remote says, whatever the format. A record is its values by name, in the order of its attributes."""

    ids: list[str] = field(default_factory=list)
    records: list[Row] = field(default_factory=list)
    calculated: list[Row] | None = None
    originals: list[str] | None = None
    errors: list[Error] = field(default_factory=list)
    total: int | None = None
    short: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """One record of a request: values by name (JSON, XML) or by place (text)."""

    item_id: str
    named: dict[str, str] | None
    placed: list[str] | None
    original: str | None


def written(answer: Answer, media: str, *, typed: bool = False) -> bytes:
    if media == TEXT:
        return _as_text(answer).encode()
    tree = _tree(answer)
    if media == XML:
        document: bytes = ET.tostring(_element("LINKAR", tree), encoding="UTF-8", xml_declaration=True)
        return document.replace(b"\r", b"&#13;")
    return json.dumps(_typed(tree) if typed else tree, ensure_ascii=False).encode()


def sent_in(body: bytes, media: str) -> list[Sent]:
    if media == TEXT:
        return _sent_as_text(body)
    try:
        tree = json.loads(body) if media == JSON else _tree_of(ET.fromstring(body))  # noqa: S314 - our own client
        records = tree["RECORDS"]
        return [_sent(record) for record in records]
    except (ValueError, KeyError, TypeError, AttributeError, ET.ParseError) as error:
        raise Unreadable(type(error).__name__) from None


def _sent(record: Row) -> Sent:
    named = {name: str(value) for name, value in record.items() if name not in ("LKITEMID", "ORIGINAL_RECORD")}
    return Sent(str(record["LKITEMID"]), named, None, record.get("ORIGINAL_RECORD"))


def _sent_as_text(body: bytes) -> list[Sent]:
    blocks = body.decode().split(FS)
    if len(blocks) not in (2, 3):
        raise Unreadable("blocks")
    ids, *lists = [block.split(RS) for block in blocks]
    originals: Sequence[str | None] = lists[1] if len(lists) == 2 else [None] * len(ids)
    if not len(ids) == len(lists[0]) == len(originals):
        raise Unreadable("lists")
    rows = zip(ids, lists[0], originals, strict=True)
    return [Sent(item_id, None, buffer.split(AM), original) for item_id, buffer, original in rows]


def _tree(answer: Answer) -> Row:
    tree: Row = {}
    if answer.total is not None or answer.ids:
        tree["TOTAL_RECORDS"] = str(len(answer.ids) if answer.total is None else answer.total)
    if "TOTAL_RECORDS" in tree:
        tree["RECORDS"] = [_row(answer, place) for place in range(len(answer.ids))]
    if answer.errors:
        tree["ERRORS"] = [
            {"CODE": error.code, "MESSAGE": error.message} | ({"LKITEMID": error.item_id} if error.item_id else {})
            for error in answer.errors
        ]
    return tree


def _row(answer: Answer, place: int) -> Row:
    row: Row = {"LKITEMID": answer.ids[place]}
    if answer.short:
        return row
    row |= answer.records[place]
    if answer.calculated is not None:
        row |= answer.calculated[place]
    if answer.originals is not None:
        row["ORIGINAL_RECORD"] = answer.originals[place]
    return row


def _typed(value: Any, name: str = "") -> Any:
    """Return numbers as numbers, as CONVERTNUMBOOLJSON does."""
    if isinstance(value, dict):
        return {key: _typed(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if name in ("LKITEMID", "ORIGINAL_RECORD", "CODE", "MESSAGE"):
        return value
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        return value


def _element(name: str, value: Any) -> ET.Element:
    element = ET.Element(name)
    if not isinstance(value, dict):
        element.text = str(value)
        return element
    for key, item in value.items():
        if not isinstance(item, list):
            element.append(_element(key, item))
            continue
        many = ET.SubElement(element, key if key in ("RECORDS", "ERRORS") else f"LST_{key}")
        one = str({"RECORDS": "RECORD", "ERRORS": "ERROR"}.get(key, key))
        many.extend(_element(one, each) for each in item)
    return element


def _tree_of(root: ET.Element) -> Row:
    records = root.find("RECORDS")
    if records is None:
        raise Unreadable("no RECORDS")
    return {"RECORDS": [{child.tag: child.text or "" for child in record} for record in records]}


def _trimmed(names: list[str]) -> list[str]:
    """Return the names without those at the end that are only numbers."""
    while names and names[-1].startswith("LKFLD"):
        names.pop()
    return names


def _as_text(answer: Answer) -> str:
    blocks = [("TOTAL_RECORDS", str(len(answer.ids) if answer.total is None else answer.total))]
    blocks.append(("RECORD_ID", RS.join(answer.ids)))
    names = list(answer.records[0]) if answer.records and not answer.short else []
    if names:
        widest = max(answer.records, key=len)
        blocks.append(("RECORD_ID_DICTS", "@ID"))
        blocks.append(("RECORD", RS.join(AM.join(map(str, row.values())) for row in answer.records)))
        blocks.append(("RECORD_DICTS", AM.join(_trimmed(list(widest)))))
    if names and answer.calculated is not None:
        blocks.append(("CALCULATED", RS.join(AM.join(row.values()) for row in answer.calculated)))
        blocks.append(("CALCULATED_DICTS", AM.join(answer.calculated[0])))
    if names and answer.originals is not None:
        blocks.append(("ORIGINALRECORD", RS.join(answer.originals)))
    errors = (VM.join(filter(None, (error.code, error.message, error.item_id))) for error in answer.errors)
    blocks.append(("ERRORS", AM.join(errors)))
    labels = AM.join(["THIS_LIST", *(label for label, _ in blocks)])
    return FS.join([labels, *(block for _, block in blocks)])
