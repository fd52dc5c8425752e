"""The three versions of a record that a conflict is decided on, by attribute. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..answers import Snapshot
from ..fields import Field, FieldKind, FieldValue
from ..merge import Merge, Verdict, three_way
from .fields import edit_fields
from .file_map import FileMap
from .multivalue import BadText, to_lines
from .options import Options
from .plans import is_as_shown, raw_of
from .snapshots import attributes_in, kept_back_in


def compare(
    file: FileMap, values: Mapping[str, FieldValue], *, base: Snapshot, theirs: Snapshot, options: Options
) -> Merge[str]:
    """Compare the record as it was read, as it was entered, and as it is now.

    Attributes that no form shows take part, kept-back ones by their digest; theirs stands for them. A new secret is not
    among mine: it was not kept, so it has to be typed again on the new record anyway.
    """
    was, now = ({**attributes_in(each), **kept_back_in(each)} for each in (base, theirs))
    fields = _open_fields(file, base, options)
    mine = was | entered(fields, attributes_in(base), values, options)
    locked = {name for name in {*was, *now} if name not in fields}
    return three_way(was, mine, now, groups=file.groups, locked=locked)


def entered(
    fields: Mapping[str, Field], before: Mapping[str, str], values: Mapping[str, FieldValue], options: Options
) -> dict[str, str]:
    """Return what was entered as the database would hold it; what cannot be read counts as not entered."""
    found: dict[str, str] = {}
    for name, field in fields.items():
        typed = str(values.get(name) or "")
        if name not in values or is_as_shown(typed, field):
            continue
        try:
            raw = raw_of(field, typed, options)
        except BadText:
            continue
        if raw != before.get(name, ""):
            found[name] = raw
    return found


def carry_over(
    file: FileMap, values: Mapping[str, FieldValue], *, before: Snapshot, now: Snapshot, options: Options
) -> dict[str, FieldValue]:
    """Return what was typed on top of `before` as it stands on top of `now`: theirs wherever only they made a change.

    What both changed keeps mine: the preview shows it against theirs, and nothing is sent before a person agrees. The
    members of a group go together, or lines would be mixed.
    """
    found = dict(values)
    was, fields = _open_fields(file, before, options), _open_fields(file, now, options)
    for part in compare(file, values, base=before, theirs=now, options=options).parts:
        keeps_mine = part.verdict in (Verdict.MINE, Verdict.CHOOSE)
        for name, mine, theirs in zip(part.members, part.mine, part.theirs, strict=True):
            if name not in values or name not in fields or name not in was:
                continue
            if not _is_readable(values[name], was[name], options):
                continue
            found[name] = _shown(fields[name], (mine if keeps_mine else theirs) or "")
    return found


def _is_readable(typed: FieldValue, field: Field, options: Options) -> bool:
    """Say whether what was typed can be read; if not, it stays in the form as it is, to be corrected."""
    try:
        raw_of(field, str(typed or ""), options)
    except BadText:
        return is_as_shown(str(typed or ""), field)
    return True


def _open_fields(file: FileMap, snapshot: Snapshot, options: Options) -> dict[str, Field]:
    """Return the fields that a person can fill in with attributes that are shown."""
    fields = edit_fields(file, snapshot, None, options)
    return {each.name: each for each in fields if each.editable and not each.secret and each.name in file.numbers}


def _shown(field: Field, raw: str) -> str:
    return to_lines(raw) if field.kind is FieldKind.LINES else raw
