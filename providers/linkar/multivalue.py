"""Values of a MultiValue database as text: the marks inside them, and how people read and type them.

A record is one string. AM separates its attributes, VM the values of an attribute, SM the sub-values of a value. The
marks are ordinary letters of Unicode (þ ý ü û), so nothing typed by a person may hold them. Nothing here ever calls
`strip`, `splitlines` or `split` without a separator: they take the marks' neighbours U+001C to U+001F for blanks.
"""

from __future__ import annotations

import re

# Source: DBMV_Mark of kosday/Linkar-Framework-for-Python.
AM, VM, SM, TM = "\u00fe", "\u00fd", "\u00fc", "\u00fb"
FS, RS, US, DC4 = "\x1c", "\x1e", "\x1f", "\x14"
MARKS = AM + VM + SM + TM
_MARK_NAMES = {AM: "attributes", VM: "values", SM: "sub-values", TM: "lines of text"}
# Capital letters are no marks. Source: the list above; Þ Ý Ü Û are U+00DE, U+00DD, U+00DC and U+00DB.
_SPELLED_OUT = str.maketrans({AM: "th", VM: "y", SM: "ue", TM: "u"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TO_SHOW = {"\\": r"\\", "|": r"\|", VM: "\n", SM: "|", TM: r"\t", "\n": r"\n", "\r": r"\r"}
_FROM_SHOWN = {shown: char for char, shown in _TO_SHOW.items()}
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|.|$)|[|\n]", re.DOTALL)


class BadText(ValueError):
    """What was typed cannot become a value; the message is a sentence for people."""


def attributes_of(record: str) -> list[str]:
    """Return the attributes of a record, first one first."""
    return record.split(AM)


def record_of(attributes: list[str]) -> str:
    return AM.join(attributes)


def with_attributes(record: str, changes: dict[int, str]) -> str:
    """Return the record with the attributes of these numbers (from 1) replaced, and every other byte as it was."""
    attributes = attributes_of(record)
    highest = max(changes, default=0)
    attributes += [""] * (highest - len(attributes))
    for number, value in changes.items():
        attributes[number - 1] = value
    return record_of(attributes)


def values_of(attribute: str) -> list[list[str]]:
    """Return the values of an attribute, each as its sub-values; one empty value for an empty attribute."""
    return [value.split(SM) for value in attribute.split(VM)]


def is_plain(attribute: str) -> bool:
    """Say whether an attribute is one value that one line of text can hold."""
    return not any(mark in attribute for mark in MARKS) and _CONTROL.search(attribute) is None


def to_lines(attribute: str) -> str:
    r"""Return an attribute as people edit it: a value a line, `|` between sub-values.

    `\|`, `\\`, `\n`, `\r`, `\t` (text mark) and `\x1c` stand for what would be taken for something else.
    """
    shown = (_TO_SHOW.get(char) or (f"\\x{ord(char):02x}" if _CONTROL.match(char) else char) for char in attribute)
    return "".join(shown)


def from_lines(text: str) -> str:
    """Return the attribute that was typed as lines; the inverse of `to_lines`. Raise `BadText`."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    _refuse(text.replace("\n", ""))
    return _ESCAPE.sub(lambda found: _unescaped(found[0]), text)


def from_text(text: str) -> str:
    """Return the value that was typed into one line. Raise `BadText`."""
    _refuse(text)
    return text


def spelled_out(text: str) -> str:
    """Return the text with the letters that are marks written in another way (ü as ue, þ as th)."""
    return text.translate(_SPELLED_OUT)


def _unescaped(piece: str) -> str:
    if piece in _FROM_SHOWN:
        return _FROM_SHOWN[piece]
    char = chr(int(piece[2:], 16)) if len(piece) == 4 else ""
    if not _CONTROL.match(char):
        raise BadText(r"After a backslash stands |, n, r, t or another backslash. Write \\ for one backslash.")
    return char


def _refuse(text: str) -> None:
    for mark, name in _MARK_NAMES.items():
        if mark in text:
            raise BadText(
                f"“{mark}” cannot be stored: in this database it is the mark between {name}. Write it in another way."
            )
    if _CONTROL.search(text):
        raise BadText("This holds a control character, which cannot be stored. Type it again instead of pasting it.")
