"""Customers from a file: good rows in, bad rows named, nothing else lost."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dashboard.models import AuditEntry, Customer
from dashboard.services.audit import AuditUnavailable
from dashboard.services.customer_import import Imported, UnusableFile, import_customers

from . import factories as make

pytestmark = pytest.mark.django_db


def imported(text: str, encoding: str = "utf-8") -> Imported:
    return import_customers(text.encode(encoding))


def people() -> dict[str, tuple[str, str]]:
    return {customer.reference: (customer.name, customer.email) for customer in Customer.objects.all()}


def test_good_rows_become_customers() -> None:
    result = imported("reference,name,email\ncust-1,José Núñez,jose@mail.example\ncust-2,山田 太郎,\n")

    assert (result.created, result.changed, result.unchanged, result.bad_rows) == (2, 0, 0, [])
    assert people() == {"cust-1": ("José Núñez", "jose@mail.example"), "cust-2": ("山田 太郎", "")}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_files_as_spreadsheets_write_them(encoding: str, newline: str, delimiter: str) -> None:
    lines = (("Reference", " Name ", "EMAIL"), ("cust-1", "Ana", "ana@mail.example"))

    result = imported("".join(delimiter.join(line) + newline for line in lines), encoding)

    assert result.created == 1
    assert people() == {"cust-1": ("Ana", "ana@mail.example")}


def test_the_same_file_again_changes_nothing() -> None:
    text = "reference,name,email\ncust-1,Ana,ana@mail.example\n"
    imported(text)
    before = Customer.objects.get().updated_at

    result = imported(text)

    assert (result.created, result.changed, result.unchanged) == (0, 0, 1)
    assert Customer.objects.get().updated_at == before


def test_a_changed_row_keeps_the_customer() -> None:
    imported("reference,name,email\ncust-1,Ana,ana@mail.example\n")
    pk = Customer.objects.get().pk

    result = imported("email,reference,name\nnew@mail.example,cust-1,Ana María\n")

    assert result.changed == 1
    assert Customer.objects.get(pk=pk).name == "Ana María"


def test_blank_and_absent_cells_leave_what_we_have() -> None:
    imported("reference,name,email\ncust-1,Ana,ana@mail.example\n")

    imported("reference,name,email\ncust-1,,\n")
    imported("reference\ncust-1\n")

    assert people() == {"cust-1": ("Ana", "ana@mail.example")}


def test_bad_rows_are_named_by_line_and_the_rest_is_taken() -> None:
    rows = [
        "reference,name,email",
        "cust-1,Ana,ana@mail.example",
        ",Nobody,",
        "cust-2,Bo,not an address",
        '"cust-3","Over',
        'two lines",carla@mail.example',
        f"{'r' * 257},Long,",
        "",
        "cust-1,Ana again,",
        "cust-4,Dia,dia@mail.example,surplus",
        "cust-5,Eve\x07,",
        "cust-6,Fay",
    ]

    result = imported("\n".join(rows))

    assert [bad.line for bad in result.bad_rows] == [3, 4, 6, 7, 9, 10, 11]
    assert set(people()) == {"cust-1", "cust-6"}
    assert people()["cust-1"][0] == "Ana"
    assert "line 2 already" in result.bad_rows[4].why


def test_accounts_find_their_customers(belvo: Any) -> None:
    account = make.mirrored("one", external_id="cust-1")

    result = imported("reference,name\ncust-1,Ana\n")

    account.refresh_from_db()
    assert result.matched == 1
    assert account.customer is not None and account.customer.name == "Ana"
    assert "ana" in account.search_text


def test_an_import_is_on_record_without_names() -> None:
    imported("reference,name,email\ncust-1,Ana,ana@mail.example\n,x,\n")

    entry = AuditEntry.objects.get(action="customers.imported")
    facts = json.loads(entry.body)
    assert (facts["created"], facts["refused"]) == (1, 1)
    assert "Ana" not in entry.body


def test_without_an_audit_entry_nothing_is_imported(transactional_db: None, settings: Any) -> None:
    settings.AUDIT_KEYS = []

    with pytest.raises(AuditUnavailable):
        imported("reference,name\ncust-1,Ana\n")

    assert not Customer.objects.exists()


@pytest.mark.parametrize("raw", [b"", b"name,email\nAna,a@b.example\n", b"\x00\x01", b"reference\n\xff\xfe\n"])
def test_a_file_that_is_none_is_refused_whole(raw: bytes) -> None:
    with pytest.raises(UnusableFile):
        import_customers(raw)

    assert not Customer.objects.exists()


def test_many_customers_are_stored_in_batches() -> None:
    rows = "".join(f"cust-{number},Name {number},\n" for number in range(1_234))

    assert imported(f"reference,name,email\n{rows}").created == 1_234


# -- the command


def test_the_command_says_what_it_did_and_names_bad_rows(tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("reference,name,email\ncust-1,Ana,\n,Bo,\n", encoding="utf-8")
    out, err = io.StringIO(), io.StringIO()

    call_command("import_customers", str(file), stdout=out, stderr=err)

    assert out.getvalue().startswith("1 new, 0 changed, 0 as before, 1 left out;")
    assert "line 3: the reference is missing." in err.getvalue()


def test_a_missing_or_unusable_file_is_a_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_customers", str(tmp_path / "none.csv"))
    (tmp_path / "x.csv").write_bytes(b"reference\n\xff\n")
    with pytest.raises(CommandError, match="not UTF-8: see line 2"):
        call_command("import_customers", str(tmp_path / "x.csv"))
