"""The three versions of a record that a conflict is decided on: by attribute, value and sub-value. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest

from ..answers import Snapshot
from ..fields import Field, FieldValue
from ..merge import Merge, Verdict, three_way
from .file_map import FileMap
from .multivalue import BadText, to_lines, values_of
from .options import Options
from .plans import raw_of
from .snapshots import attributes_in, kept_back_in


@dataclass(frozen=True, slots=True)
class Line:
    """One value of one attribute in its three versions, each as its sub-values; None where a version has no such value.

    A record is compared by place, because places mean something: nothing is aligned by likeness.
    """

    base: tuple[str, ...] | None
    mine: tuple[str, ...] | None
    theirs: tuple[str, ...] | None
    verdict: Verdict


def compare(
    file: FileMap,
    fields: Mapping[str, Field],
    base: Snapshot,
    *,
    values: Mapping[str, FieldValue],
    theirs: Snapshot,
    options: Options,
) -> Merge[str]:
    """Compare the record as it was read, as it was entered, and as it is now.

    Attributes that no form shows take part; theirs stands for them. What is kept back is compared by its digest.
    """
    was, now = _everything(base), _everything(theirs)
    mine = {**was, **entered(fields, attributes_in(base), values, options)}
    ours = {name for name, field in fields.items() if field.editable and not field.secret}
    locked = {name for name in {*was, *now} if name not in ours}
    return three_way(was, mine, now, groups=file.groups, locked=locked)


def entered(
    fields: Mapping[str, Field], before: Mapping[str, str], values: Mapping[str, FieldValue], options: Options
) -> dict[str, str]:
    """Return what was entered as the database would hold it; what cannot be read is as it was."""
    found: dict[str, str] = {}
    for name, field in fields.items():
        if name not in values or name not in before or field.secret:
            continue
        typed = str(values[name] or "").replace("\r\n", "\n")
        shown = str(field.initial or "")
        try:
            found[name] = before[name] if typed in (shown, shown.strip(" \t")) else raw_of(field, typed, options)
        except BadText:
            found[name] = before[name]
    return found


def lines_of(base: str | None, mine: str | None, theirs: str | None) -> tuple[Line, ...]:
    """Return an attribute value by value."""
    versions = [[tuple(value) for value in values_of(each)] if each else [] for each in (base, mine, theirs)]
    return tuple(Line(was, my, their, _verdict_of(was, my, their)) for was, my, their in zip_longest(*versions))


def rebased(
    fields: Mapping[str, Field],
    merge: Merge[str],
    values: Mapping[str, FieldValue],
) -> dict[str, FieldValue]:
    """Return the form's values on the new record: theirs where only they changed, mine where I did.

    What both changed keeps mine, to be seen against theirs in the preview: nothing is sent before a person agrees.
    """
    found = dict(values)
    for part in merge.parts:
        chosen = part.mine if part.verdict in (Verdict.MINE, Verdict.CHOOSE) else part.theirs
        for name, value in zip(part.members, chosen, strict=True):
            if name in fields and name in values and not fields[name].secret:
                found[name] = to_lines(value or "") if fields[name].kind == "lines" else (value or "")
    return found


def _everything(snapshot: Snapshot) -> dict[str, str]:
    return {**attributes_in(snapshot), **kept_back_in(snapshot)}


def _verdict_of(base: object, mine: object, theirs: object) -> Verdict:
    [part] = three_way({"": base}, {"": mine}, {"": theirs}).parts
    return part.verdict
