"""The forms: editing a record, and looking at it with what the database calculates. Pure."""

from __future__ import annotations

from ..answers import Schema, Snapshot
from ..fields import AuditClass, Choice, Field, FieldKind
from .file_map import FileMap
from .multivalue import is_plain, to_lines
from .options import MAX_SVR_TIMEOUT_S, MIN_SVR_TIMEOUT_S, Options
from .schemas import Attribute, attribute_of
from .snapshots import attributes_in

SVR_TIMEOUT = "svr_timeout"
CALCULATED, CONVERSION, FORMAT_SPEC = "calculated", "conversion", "format_spec"
TIMEOUT_MESSAGE = f"A whole number of seconds, {MIN_SVR_TIMEOUT_S} to {MAX_SVR_TIMEOUT_S}."
_LINES_HELP = r"One value a line, | between sub-values. Write \| for the character itself, and \\ for a backslash."


def edit_fields(file: FileMap, snapshot: Snapshot, schema: Schema | None, options: Options) -> tuple[Field, ...]:
    """Return the attributes that the map lets people edit, by number, then what is folded away."""
    current = attributes_in(snapshot)
    made = (_field(attribute_of(schema, file, name), name, current.get(name, ""), file) for name in file.editable)
    return (*made, _timeout_field(options))


def look_fields(options: Options) -> tuple[Field, ...]:
    """Return the parameters of a read that shape what is shown, and nothing else. Source: lk_read."""
    names = (
        (CALCULATED, "Calculated values", "What the database works out itself, such as totals."),
        (CONVERSION, "Converted", "Dates and amounts as the database prints them."),
        (FORMAT_SPEC, "Formatted", "Padded and justified as the dictionary says."),
    )
    flags = (
        Field(
            name,
            label,
            FieldKind.BOOLEAN,
            initial=name in (CALCULATED, CONVERSION),
            help=words,
            audit=AuditClass.PUBLIC,
        )
        for name, label, words in names
    )
    return (*flags, _timeout_field(options))


def is_lines(name: str, value: str, file: FileMap) -> bool:
    """Say whether an attribute is edited as lines: by the map, or because of what stands in it now.

    Blanks at its ends are a reason too: a line of a form loses them. Not by the schema: what was typed has to be read
    in the same way whether or not there is one.
    """
    return name in file.multi or bool(file.group_of(name)) or not is_plain(value) or value != value.strip()


def _field(attribute: Attribute, name: str, value: str, file: FileMap) -> Field:
    editable = not attribute.calculated
    if name in file.secret:
        return Field(
            name,
            attribute.label,
            FieldKind.PASSWORD,
            secret=True,
            editable=editable,
            help="Leave it empty to keep what is stored.",
            audit=AuditClass.SECRET,
        )
    kind, shown = FieldKind.TEXT, value
    if is_lines(name, value, file):
        kind, shown = FieldKind.LINES, to_lines(value)
    elif attribute.choices:
        kind = FieldKind.SELECT
    return Field(
        name,
        attribute.label,
        kind,
        required=attribute.required and editable,
        editable=editable,
        choices=tuple(Choice(stored, label) for stored, label in attribute.choices),
        initial=shown,
        help=" ".join(filter(None, (attribute.help, _LINES_HELP if kind is FieldKind.LINES else ""))),
        group=file.group_of(name),
        max_length=attribute.max_length if attribute.max_length and kind is FieldKind.TEXT else 32_000,
        audit=AuditClass.RECORD,
    )


def _timeout_field(options: Options) -> Field:
    return Field(
        SVR_TIMEOUT,
        "Wait for the database (seconds)",
        FieldKind.NUMBER,
        initial=str(options.svr_timeout_s),
        help=f"How long Linkar waits for its database: {MIN_SVR_TIMEOUT_S} to {MAX_SVR_TIMEOUT_S}.",
        pattern=r"^([1-9]|[1-5]\d|60)$",
        pattern_message=TIMEOUT_MESSAGE,
        max_length=2,
        advanced=True,
        audit=AuditClass.PUBLIC,
    )
