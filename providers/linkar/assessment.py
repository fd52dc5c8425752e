"""What a record means for people: a file has no health of its own, so its status attribute and its form decide."""

from __future__ import annotations

from ..answers import Assessment, Schema, Snapshot
from ..attention import Attention
from .file_map import FileMap
from .schemas import attribute_of
from .snapshots import attributes_in


def assess(file: FileMap | None, snapshot: Snapshot, schema: Schema | None) -> Assessment:
    """Say how the record is, by the map's words for what is stored in its status attribute."""
    if file is None:
        return Assessment(
            Attention.UNKNOWN,
            f"Our map no longer names the file of this record{_said(snapshot)}.",
            "An administrator can put it into the map again; until then it cannot be read.",
            code="not_in_map",
        )
    meaning = file.status_words.get(snapshot.status, "")
    if meaning == "closed":
        return Assessment(
            Attention.ENDED,
            "This record is closed.",
            f"Its status in {file.file} is “{snapshot.status}”. The record is still there and can be read.",
            code=snapshot.status,
        )
    if meaning == "suspended":
        return Assessment(
            Attention.INCOMPLETE,
            "This record is suspended.",
            f"Its status in {file.file} is “{snapshot.status}”. Somebody has to set it to active for it to work again.",
            code=snapshot.status,
            who="Whoever suspended it; then you, by setting the status.",
        )
    if missing := _missing(file, snapshot, schema):
        return Assessment(
            Attention.INCOMPLETE,
            f"{missing} is empty, and is needed.",
            f"The schema of {file.file} says that every record has it. Fill it in.",
            code="required_missing",
        )
    if meaning == "active" or (not file.role("status") and not snapshot.status):
        return Assessment(
            Attention.HEALTHY, "The record is in order.", f"{file.file} could be read, and nothing is missing."
        )
    return Assessment(
        Attention.UNKNOWN,
        f"The status is “{snapshot.status}”, which our map does not explain."
        if snapshot.status
        else "No status is set.",
        "An administrator can add the word to status_words in the map.",
        code=snapshot.status,
    )


def _missing(file: FileMap, snapshot: Snapshot, schema: Schema | None) -> str:
    current = attributes_in(snapshot)
    needed = (attribute_of(schema, file, name) for name in file.numbers if file.shows(name) and not current.get(name))
    return next((each.label for each in needed if each.required and not each.calculated), "")


def _said(snapshot: Snapshot) -> str:
    return f" (status “{snapshot.status}”)" if snapshot.status else ""
