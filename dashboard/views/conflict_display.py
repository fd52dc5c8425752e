"""The three versions of a conflict as the screen shows them: what needs a choice, what stands without one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.http import QueryDict

from dashboard.models import Operation
from dashboard.services.conflicts import TOO_OFTEN, in_a_row, kept_sections, taken
from providers.merge import Side, Verdict
from providers.versions import Line, Section

from .version_pieces import Value, pieces_of

_STANDS = {
    Verdict.MINE: "Yours",
    Verdict.THEIRS: "Theirs",
    Verdict.EITHER: "The same on both sides",
    Verdict.CHOOSE: "You choose",
}
_TAKEN = {
    Side.MINE.value: "Yours, put on top",
    Side.THEIRS.value: "Theirs, kept",
    Side.ORIGINAL.value: "As it was before both",
    "same": "The same on both sides",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One version of one line, value by value. `note` stands in place of values, or beside them."""

    values: tuple[Value, ...] = ()
    note: str = ""
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    base: Cell
    theirs: Cell
    mine: Cell

    @property
    def is_same(self) -> bool:
        """Say whether nobody changed it: it is here because the others of its unit are."""
        return not (self.theirs.is_changed or self.mine.is_changed)


@dataclass(frozen=True, slots=True)
class Block:
    """One section. `index` names its choice in the form: the names of sections are the remote's."""

    index: int
    label: str
    stands: str
    rows: tuple[Row, ...]
    is_unit: bool
    is_locked: bool
    picked: str = ""
    is_missing: bool = False
    has_secret: bool = False


@dataclass(frozen=True, slots=True)
class Display:
    """`is_often`: it happened several times in a row, so people should talk."""

    open: tuple[Block, ...]
    settled: tuple[Block, ...]
    is_often: bool

    @property
    def missing(self) -> int:
        return sum(block.is_missing for block in self.open)


def display_of(
    operation: Operation, *, choices: Mapping[str, Side] | None = None, missing: Collection[str] = ()
) -> Display | None:
    """Return what is to be shown of a refused operation's versions; None if they are not kept (any more)."""
    sections = kept_sections(operation)
    if not sections:
        return None
    blocks = [_block(index, section, choices or {}, missing) for index, section in enumerate(sections)]
    pairs = list(zip(sections, blocks, strict=True))
    return Display(
        tuple(block for section, block in pairs if section.is_open),
        tuple(block for section, block in pairs if not section.is_open),
        in_a_row(operation) >= TOO_OFTEN,
    )


def choices_in(posted: QueryDict, operation: Operation) -> dict[str, Side]:
    """Return the choices of the form by the name of their section; anything else that was posted is none."""
    found: dict[str, Side] = {}
    for index, section in enumerate(kept_sections(operation)):
        chosen = posted.get(f"choice_{index}", "")
        if section.is_open and chosen in list(Side):
            found[section.name] = Side(chosen)
    return found


def joined_of(draft: Operation) -> Sequence[tuple[str, str]]:
    """Return what a draft after a conflict was made of: whose version, which labels; its plan shows what was chosen."""
    sections = kept_sections(draft.previous) if draft.previous else ()
    again = ", ".join(line.label for section in sections for line in section.lines if _is_lost(line))
    shown = [section for section in sections if not all(_is_lost(line) for line in section.lines)]
    chosen = ", ".join(section.label for section in shown if section.is_open)
    told = taken((section for section in shown if not section.is_open), {})
    stand = [(_TAKEN[side], ", ".join(labels)) for side, labels in told.items()]
    found = [*stand, ("As you chose", chosen), ("Yours only if you type it again", again)]
    return [(whose, labels) for whose, labels in found if labels]


def _is_lost(line: Line) -> bool:
    """Say whether a line is a secret that was given: it was not kept, so no version of it can be put on top."""
    return line.kept_back and line.changed_by_me


def _block(index: int, section: Section, choices: Mapping[str, Side], missing: Collection[str]) -> Block:
    return Block(
        index,
        section.label,
        _STANDS[section.verdict],
        tuple(_row(line) for line in section.lines),
        is_unit=len(section.lines) > 1,
        is_locked=section.locked,
        picked=choices[section.name].value if section.name in choices else "",
        is_missing=section.name in missing,
        has_secret=any(line.kept_back and line.changed_by_me for line in section.lines),
    )


def _row(line: Line) -> Row:
    if line.kept_back:
        return Row(
            line.label,
            Cell((), "never shown"),
            Cell((), "changed by them, never shown" if line.changed_by_them else "not changed", line.changed_by_them),
            Cell((), "a new one was given, not kept" if line.changed_by_me else "not changed", line.changed_by_me),
        )
    base = line.base_text
    return Row(
        line.label,
        _cell(base, base, is_changed=False),
        _cell(line.their_text, base, is_changed=line.changed_by_them),
        _cell(line.my_text, base, is_changed=line.changed_by_me),
    )


def _cell(text: str | None, base: str | None, *, is_changed: bool) -> Cell:
    return (
        Cell(pieces_of(text, base if is_changed else text), "", is_changed) if text else Cell((), "empty", is_changed)
    )
