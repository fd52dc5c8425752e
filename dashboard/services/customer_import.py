"""Customers from a CSV file: every good row is taken, every bad row is named, nothing else is lost."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from ..models import Customer
from . import erased
from .audit import SYSTEM, Actor, Kind, record
from .mirror import BATCH_ROWS, rematch_customers

COLUMNS = ("reference", "name", "email")
MAX_CHARS = {"reference": 256, "name": 200, "email": 254}


class UnusableFile(Exception):
    """The file as a whole cannot be read; the message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class BadRow:
    line: int
    why: str


@dataclass(slots=True)
class Imported:
    """What came of a file. `matched` counts linked accounts whose customer, or what is shown of it, changed.

    `erased_before` are customers who had been erased, and are there again because the file has them.
    """

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    matched: int = 0
    erased_before: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)


def import_customers(raw: bytes, *, actor: Actor = SYSTEM) -> Imported:
    """Take the customers of a CSV file with the columns reference, name and email.

    The same file again changes nothing. A blank name or address leaves the one we have. Raises `UnusableFile`, with
    nothing imported.
    """
    imported = Imported()
    rows = dict(_good_rows(_text(raw), imported.bad_rows))
    with transaction.atomic():
        written = _store(rows, imported)
        imported.matched = rematch_customers(written)
        facts: dict[str, object] = {
            "created": imported.created,
            "changed": imported.changed,
            "unchanged": imported.unchanged,
            "refused": len(imported.bad_rows),
            "accounts_matched": imported.matched,
        }
        if back := erased.returned(written):
            imported.erased_before = len(back)
            facts |= {"erased_before": len(back), "customers": [row.pseudonym for row in back.values()]}
        record(Kind.EVENT, "customers.imported", actor=actor, facts=facts)
    return imported


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UnusableFile(f"The file is not UTF-8: see line {line}. Save it as “CSV UTF-8”.") from None


def _good_rows(text: str, bad: list[BadRow]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each good row by its reference; the line number is that of the row's end, as editors count."""
    first_line = text.partition("\n")[0]
    delimiter = max(",;\t", key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    header = [cell.strip().casefold() for cell in _next_row(reader) or ()]
    if "reference" not in header:
        raise UnusableFile("The first line must name the columns: reference,name,email.")
    seen: dict[str, int] = {}
    while (cells := _next_row(reader)) is not None:
        if not any(cell.strip() for cell in cells):
            continue
        why, row = _checked(header, cells)
        if not why and row["reference"] in seen:
            why = f"the reference “{row['reference']}” was on line {seen[row['reference']]} already"
        if why:
            bad.append(BadRow(reader.line_num, why))
            continue
        seen[row["reference"]] = reader.line_num
        yield row["reference"], row


def _next_row(reader: Iterator[list[str]]) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        raise UnusableFile(f"The file cannot be read as CSV: {error}.") from None


def _checked(header: list[str], cells: list[str]) -> tuple[str, dict[str, str]]:
    """Return why a row cannot be taken ("" if it can), and the row."""
    if len(cells) > len(header):
        return f"{len(cells)} values for {len(header)} columns; a comma inside a value needs quotes", {}
    found = dict(zip(header, cells, strict=False))
    row = {column: found.get(column, "").strip() for column in COLUMNS}
    for column, value in row.items():
        if len(value) > MAX_CHARS[column]:
            return f"the {column} has {len(value)} characters; at most {MAX_CHARS[column]} are kept", row
        if any(not character.isprintable() and character != " " for character in value):
            return f"the {column} holds a character that cannot be shown", row
    if not row["reference"]:
        return "the reference is missing", row
    try:
        validate_email(row["email"] or "none@example.com")
    except ValidationError:
        return "the email is not an e-mail address", row
    return "", row


def _store(rows: Mapping[str, dict[str, str]], imported: Imported) -> list[str]:
    """Write what is new or different, in batches; returns the references written."""
    written: list[str] = []
    references = list(rows)
    for start in range(0, len(references), BATCH_ROWS):
        some = references[start : start + BATCH_ROWS]
        known = {customer.reference: customer for customer in Customer.objects.filter(reference__in=some)}
        fresh = [_merged(known.get(reference), rows[reference]) for reference in some]
        to_write = [customer for customer in fresh if customer is not None]
        Customer.objects.bulk_create(
            to_write,
            update_conflicts=True,
            unique_fields=("reference",),
            update_fields=("name", "email", "updated_at"),
        )
        created = sum(customer.reference not in known for customer in to_write)
        imported.created += created
        imported.changed += len(to_write) - created
        imported.unchanged += len(some) - len(to_write)
        written += [customer.reference for customer in to_write]
    return written


def _merged(known: Customer | None, row: Mapping[str, str]) -> Customer | None:
    """Return the customer to write, or None if nothing would change."""
    if known is None:
        return Customer(**row)
    name, email = row["name"] or known.name, row["email"] or known.email
    if (name, email) == (known.name, known.email):
        return None
    return Customer(reference=known.reference, name=name, email=email, updated_at=timezone.now())
