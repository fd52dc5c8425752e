"""Exports on screen: asked for from the log, watched, taken; limits and mistakes in words."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dashboard.models import AuditEntry, AuditExport, User
from dashboard.services import audit_exports
from tests import people

from .audit_samples import append
from .pages import HTMX

pytestmark = pytest.mark.django_db
LIST, NEW = "/audit/exports/", "/audit/exports/new/"


@pytest.fixture
def auditor(client: Client, settings: Any, tmp_path: Any) -> Client:
    settings.EXPORTS_DIR = str(tmp_path)
    client.force_login(people.member("auditor"))
    append(3)
    return client


def asked(client: Client, **values: str) -> AuditExport:
    response = client.post(NEW, {"form": "bundle", **values})
    assert response.status_code == 302, response.content.decode()
    return AuditExport.objects.get(pk=response["Location"].strip("/").rpartition("/")[2])


def test_what_the_log_shows_is_what_is_exported(auditor: Client) -> None:
    page = auditor.get("/audit/", {"q": "action:test.happened", "after": "x"}).content.decode()

    assert '<input type="hidden" name="q" value="action:test.happened">' in page
    assert 'type="hidden" name="after"' not in page
    assert "Export these entries" in page
    assert asked(auditor, q="action:test.happened").filters == {"q": "action:test.happened"}


def test_an_export_is_watched_then_taken(auditor: Client) -> None:
    export = asked(auditor)
    address = reverse("audit-export-detail", args=[export.pk])

    waiting = auditor.get(address).content.decode()
    audit_exports.make_next()
    done = auditor.get(address, headers=HTMX).content.decode()
    taken = auditor.get(reverse("audit-export-file", args=[export.pk]))

    assert 'hx-trigger="every 1s"' in waiting and "Waiting its turn" in waiting and "Download" not in waiting
    assert "hx-trigger" not in done and "Download" in done
    assert done.lstrip().startswith('<section class="card" id="audit-export"')
    assert taken["Content-Type"] == "application/zip"
    assert taken["Content-Disposition"].startswith('attachment; filename="linkdesk-audit-')
    assert b"".join(taken).startswith(b"PK")  # type: ignore[arg-type]
    assert "no-store" in taken["Cache-Control"]


def test_a_report_opens_in_the_browser(auditor: Client) -> None:
    export = asked(auditor, form="report")
    audit_exports.make_next()

    taken = auditor.get(reverse("audit-export-file", args=[export.pk]))

    assert taken["Content-Disposition"].startswith("inline")
    assert b"End of the report" in b"".join(taken)  # type: ignore[arg-type]
    assert "script-src 'self'" in taken["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"since": "yesterday"}, "Enter a valid date"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "no entry is of that time"),
        ({"action": "no.such"}, "Select a valid choice"),
        ({"form": "pdf"}, "Select a valid choice"),
        ({"form": "\x00"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_read_is_refused_not_left_out(auditor: Client, values: dict[str, str], words: str) -> None:
    response = auditor.post(NEW, {"form": "bundle", **values})

    assert response.status_code == 422
    assert "Nothing is being exported" in response.content.decode() and words in response.content.decode()
    assert not AuditExport.objects.exists()


def test_a_report_that_is_too_long_is_refused_in_words(auditor: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(audit_exports, "REPORT_MAX_ENTRIES", 2)

    response = auditor.post(NEW, {"form": "report"})

    assert response.status_code == 422
    assert "more than the 2 entries that a printable report holds" in response.content.decode()


def test_what_is_not_ready_or_not_whole_is_told(auditor: Client, tmp_path: Any) -> None:
    export = asked(auditor)
    file = reverse("audit-export-file", args=[export.pk])

    early = auditor.get(file)
    audit_exports.make_next()
    (tmp_path / f"{export.pk}.zip").write_bytes(b"PK")
    late = auditor.get(file)

    assert early.status_code == late.status_code == 409
    assert "has no file to download" in early.content.decode()
    assert "not what was written" in late.content.decode()
    assert not AuditEntry.objects.filter(action="audit.export_downloaded", result="ok").exists()


def test_the_list_says_who_took_what(auditor: Client) -> None:
    assert "Nothing was exported yet" in auditor.get(LIST).content.decode()
    asked(auditor)
    audit_exports.make_next()

    html = auditor.get(LIST).content.decode()

    assert all(words in html for words in ("All entries", "Bundle with proof", "Auditor Person", "Ready"))


@pytest.mark.parametrize("role", ["viewer", "agent", "approver", "admin"])
def test_only_readers_of_the_log_export_it(client: Client, auditor: Client, role: str) -> None:
    export = asked(auditor)
    other = Client()
    other.force_login(people.member(role))

    addresses = [LIST, NEW, *(reverse(f"audit-export-{name}", args=[export.pk]) for name in ("detail", "file"))]

    assert {other.get(address).status_code for address in addresses} == {403}
    assert other.post(NEW, {"form": "bundle"}).status_code == 403
    assert AuditExport.objects.count() == 1


def test_an_export_that_is_not_there_is_404(auditor: Client) -> None:
    for name in ("audit-export-detail", "audit-export-file"):
        assert auditor.get(reverse(name, args=[uuid.UUID(int=1)])).status_code == 404


def test_asking_and_taking_want_fresh_proof(auditor: Client) -> None:
    export = asked(auditor)
    audit_exports.make_next()
    ivo = User.objects.get()
    ivo.set_password("a long password of mine")
    ivo.save()
    auditor.force_login(ivo)
    people.proved(auditor, ivo, "password", "mfa", ago_s=301)

    refused = auditor.post(NEW, {"form": "bundle"})
    led = auditor.get(reverse("audit-export-file", args=[export.pk]))

    assert refused.status_code == 403 and "confirm that it is you" in refused.content.decode()
    assert led.status_code == 302 and led["Location"].startswith(reverse("account_reauthenticate"))
    assert AuditExport.objects.count() == 1
    assert not AuditEntry.objects.filter(action="audit.export_downloaded").exists()
