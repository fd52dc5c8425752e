"""What one version of an account holds, entry by entry, and what three versions of it mean for people. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .fields import AuditClass, Field, FieldValue
from .merge import Part, Side, Verdict, three_way


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a version of an account holds.

    `key` is what versions are compared by: the value, or a keyed digest of one that is not shown. `value` is what the
    action's form takes for it, `text` what people read; both are None for what is not shown (`kept_back`). `locked`: no
    form changes it. Entries of the same `unit` are decided as one: their lines run in parallel.
    """

    name: str
    label: str
    key: str
    value: FieldValue = None
    text: str | None = None
    kept_back: bool = False
    locked: bool = False
    unit: str = ""
    audit: AuditClass = AuditClass.UNDECLARED


@dataclass(frozen=True, slots=True)
class Mine:
    """What I meant one entry to become. `is_theirs`: somebody else has made it the same meanwhile."""

    label: str
    text: str | None = None
    value: FieldValue = None
    kept_back: bool = False
    is_theirs: bool = False
    audit: AuditClass = AuditClass.UNDECLARED


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in its three versions, as text for people; who changed it is said apart, because secrets have no text.

    `original` and `mine` are the values for the form, where one of them has to be entered again.
    """

    name: str
    label: str
    base_text: str | None = None
    my_text: str | None = None
    their_text: str | None = None
    original: FieldValue = None
    mine: FieldValue = None
    changed_by_me: bool = False
    changed_by_them: bool = False
    kept_back: bool = False
    audit: AuditClass = AuditClass.UNDECLARED


@dataclass(frozen=True, slots=True)
class Section:
    """What is decided as one: a line, or the lines of a unit."""

    name: str
    label: str
    verdict: Verdict
    lines: tuple[Line, ...]
    locked: bool = False

    @property
    def is_open(self) -> bool:
        return self.verdict is Verdict.CHOOSE


def entries_of(fields: Iterable[Field]) -> tuple[Entry, ...]:
    """Return the entries of a form that shows all there is; a secret field tells nothing of what is stored."""
    return tuple(
        Entry(
            name=field.name,
            label=field.label,
            key="" if field.secret else repr(field.initial or None),
            value=None if field.secret else field.initial,
            text=None if field.secret else text_of(field, field.initial),
            kept_back=field.secret,
            locked=not field.editable,
            audit=AuditClass.SECRET if field.secret else field.audit,
        )
        for field in fields
        if field.hidden_value is None
    )


def text_of(field: Field, value: FieldValue) -> str | None:
    """Return a value as people read it: the label of a choice, yes or no; None for nothing."""
    labels = {choice.value: choice.label for choice in field.choices}
    match value:
        case None | "" | ():
            return None
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(labels.get(item, item) for item in value)
        case _:
            return labels.get(value, value)


def compare(base: Iterable[Entry], theirs: Iterable[Entry], mine: Mapping[str, Mine]) -> tuple[Section, ...]:
    """Compare what was read, what is there now, and what I meant; what nobody changed is left out."""
    was, now = ({entry.name: entry for entry in version} for version in (base, theirs))
    known = now | was
    units: dict[str, tuple[str, ...]] = {}
    for entry in known.values():
        if entry.unit:
            units[entry.unit] = (*units.get(entry.unit, ()), entry.name)
    merge = three_way(
        {name: entry.key for name, entry in was.items()},
        {name: entry.key for name, entry in was.items()} | {name: _key(mine[name], now.get(name)) for name in mine},
        {name: entry.key for name, entry in now.items()},
        groups=units,
        locked=[name for name, entry in known.items() if entry.locked and name not in mine],
    )
    return tuple(
        _section(part, tuple(_line(name, was.get(name), now.get(name), mine.get(name)) for name in part.members))
        for part in merge.parts
        if part.verdict is not Verdict.SAME
    )


def merged(sections: Iterable[Section], choices: Mapping[str, Side]) -> dict[str, FieldValue]:
    """Return what has to be entered on top of theirs; what stays theirs is not among it, nor is any secret.

    A choice counts for an open section only; an open one without a choice stays theirs.
    """
    values: dict[str, FieldValue] = {}
    for section in sections:
        side = side_of(section, choices)
        for line in section.lines:
            if side is Side.THEIRS or line.kept_back:
                continue
            if side is Side.MINE and line.changed_by_me:
                values[line.name] = line.mine
            elif line.changed_by_them or line.changed_by_me:
                values[line.name] = line.original
    return values


def unchosen(sections: Iterable[Section], choices: Mapping[str, Side]) -> tuple[str, ...]:
    """Return the names of the open sections that nobody has decided."""
    return tuple(section.name for section in sections if section.is_open and section.name not in choices)


def side_of(section: Section, choices: Mapping[str, Side]) -> Side:
    """Return whose version of a section stands."""
    if section.is_open:
        return choices.get(section.name, Side.THEIRS)
    return Side.MINE if section.verdict is Verdict.MINE else Side.THEIRS


def _key(mine: Mine, theirs: Entry | None) -> str:
    """Return what mine is compared by: theirs where it is the same, else something that equals nothing."""
    return theirs.key if mine.is_theirs and theirs is not None else "\0mine"


def _line(name: str, base: Entry | None, theirs: Entry | None, mine: Mine | None) -> Line:
    entry = theirs or base
    line = Line(
        name,
        entry.label if entry else mine.label if mine else name,
        base_text=base.text if base else None,
        my_text=mine.text if mine else base.text if base else None,
        their_text=theirs.text if theirs else None,
        original=base.value if base else None,
        mine=mine.value if mine else None,
        changed_by_me=mine is not None,
        changed_by_them=(base.key if base else None) != (theirs.key if theirs else None),
        kept_back=any(version is not None and version.kept_back for version in (base, theirs, mine)),
        audit=entry.audit if entry else mine.audit if mine else AuditClass.NEVER,
    )
    return replace(line, base_text=None, my_text=None, their_text=None) if line.kept_back else line


def _section(part: Part[str], lines: tuple[Line, ...]) -> Section:
    label = lines[0].label if len(lines) == 1 else part.name
    return Section(part.name, label, part.verdict, lines, part.locked)
