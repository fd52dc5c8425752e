"""A record's attributes as entries: those of the form, those that no form shows, and the digests of the rest. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..answers import Schema, Snapshot
from ..fields import AuditClass
from ..versions import Entry
from .fields import edit_fields
from .file_map import FileMap
from .multivalue import to_lines
from .options import Options
from .schemas import attribute_of
from .snapshots import attributes_in, kept_back_in


def entries(file: FileMap, snapshot: Snapshot, schema: Schema | None, options: Options) -> Iterator[Entry]:
    """Yield every attribute by its place in the record. Source: LINKAR_WS contract, section 13: by attribute of the MV
    buffers, so that unlisted ones take part; those that run in parallel are one unit."""
    form = {field.name: field for field in edit_fields(file, snapshot, schema, options) if field.editable}
    for name, raw in attributes_in(snapshot).items():
        field = form.get(name)
        yield Entry(
            name,
            field.label if field else attribute_of(schema, file, name).label,
            key=raw,
            value=field.initial if field else None,
            text=to_lines(raw) or None,
            locked=field is None,
            unit=file.group_of(name),
            audit=AuditClass.RECORD,
        )
    for name, digest in kept_back_in(snapshot).items():
        label = attribute_of(schema, file, name).label if name in file.numbers else name
        yield Entry(name, label, key=digest, kept_back=True, locked=name not in form, audit=AuditClass.SECRET)
