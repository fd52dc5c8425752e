"""XML bodies: `<LINKAR>` with the same tags as the keys of JSON. No document type, no entities, bounded depth.

Source: LINKAR_WS manual, lk_application_xml; the vendor's OpenAPI sample.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

from ..media import UnsoundBody

CONTENT_TYPE = "application/xml; charset=utf-8"
_MAX_DEPTH = 32
# Source: XML 1.0, production 2 (Char): FS and RS, for one, cannot stand in a document in any way.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
_LISTS = {"RECORDS": "RECORD", "ERRORS": "ERROR"}
_ERRORS = ("ERRORS", "ERROR")
_LIST_PREFIX = "LST_"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


class Xml:
    """XML read into, and written from, the values that JSON would give."""

    content_type = CONTENT_TYPE

    def reads(self, content_type: str) -> bool:
        media_type = content_type.partition(";")[0].strip().lower()
        return media_type in ("application/xml", "text/xml") or media_type.endswith("+xml")

    def can_say(self, text: str) -> bool:
        return _ILLEGAL.search(text) is None

    def read(self, body: bytes) -> Any:
        root = _parse(body)
        if root.tag != "LINKAR":
            raise UnsoundBody("the document is not LINKAR's")
        return _object(root)

    def write(self, value: Any) -> bytes:
        if not isinstance(value, Mapping):
            raise UnsoundBody("a document is made of named values")
        inner = "".join(_written(str(name), item) for name, item in value.items())
        return f"{_HEAD}<LINKAR>{inner}</LINKAR>".encode()


XML = Xml()


class _Builder(ET.TreeBuilder):
    """Builds nothing from a document with a document type, or one that is nested too deeply."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise UnsoundBody("a document type is not accepted")

    def start(self, tag: str, attrs: Any) -> Any:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise UnsoundBody("the document is nested too deeply")
        return super().start(tag, attrs)

    def end(self, tag: str) -> Any:
        self._depth -= 1
        return super().end(tag)


def _parse(body: bytes) -> ET.Element:
    try:
        # `_Builder` takes no document type, so no entity can be declared. Expat wants no blank line before the head.
        return ET.fromstring(body.lstrip(b"\r\n\t "), ET.XMLParser(target=_Builder()))  # noqa: S314
    except UnsoundBody:
        raise
    except (ET.ParseError, ValueError, LookupError) as error:
        raise UnsoundBody(type(error).__name__) from None


def _object(element: ET.Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in element:
        name, value = _entry(child)
        if name == "ERROR":
            found.setdefault(name, []).append(value)
        elif name in found:
            raise UnsoundBody("an element stands twice where one is expected")
        else:
            found[name] = value
    return found


def _entry(element: ET.Element) -> tuple[str, Any]:
    tag = element.tag
    if tag in _ERRORS:
        return tag, _errors(element)
    if tag in _LISTS:
        return tag, [_item(child) for child in element]
    if tag.startswith(_LIST_PREFIX):
        return tag.removeprefix(_LIST_PREFIX), [_item(child) for child in element]
    return tag, _item(element)


def _errors(element: ET.Element) -> Any:
    """Return errors as JSON would have them. Assumed: entries, one entry or parallel lists; nobody tells."""
    if not len(element):
        return element.text or ([] if element.tag == "ERRORS" else "")
    named: dict[str, list[Any]] = {}
    for child in element:
        named.setdefault(child.tag, []).append(_errors(child))
    if set(named) == {"ERROR"}:
        return named["ERROR"]
    return {tag: values if len(values) > 1 else values[0] for tag, values in named.items()}


def _item(element: ET.Element) -> Any:
    """Return an element with children as an object, any other as its text, blanks and all."""
    return _object(element) if len(element) else (element.text or "")


def _written(name: str, value: Any) -> str:
    if not _NAME.fullmatch(name):
        raise UnsoundBody("a name cannot be an element's")
    match value:
        case Mapping():
            inner = "".join(_written(str(key), item) for key, item in value.items())
        case list() | tuple() if name in _LISTS:
            inner = "".join(_written(_LISTS[name], item) for item in value)
        case list() | tuple():
            inner = "".join(_written(name, item) for item in value)
            name = _LIST_PREFIX + name
        case _:
            inner = _escaped(str(value))
    return f"<{name}>{inner}</{name}>"


def _escaped(text: str) -> str:
    if not XML.can_say(text):
        raise UnsoundBody("a value holds a character that XML has no way to say")
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A parser makes a line feed of every carriage return that is not written like this.
    return text.replace("\r", "&#13;")
