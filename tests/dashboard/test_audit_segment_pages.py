"""The segments of the audit log on screen: what is closed, what may leave, and what has left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from dashboard.models import Approval, AuditEntry, AuditExport, AuditSegment, User
from dashboard.services import approvals, audit_exports
from dashboard.services.audit_removal import remove
from tests import people

from .pages import HTMX, client_of, words
from .segments import exported, kept, log_of, released

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/audit/segments/"
JUNE = "/audit/segments/2026-06/"


@pytest.fixture(autouse=True)
def two_people(settings: Any, tmp_path: Path) -> None:
    settings.APPROVALS = ["retention"]
    settings.AUDIT_KEPT_MONTHS = 1
    settings.EXPORTS_DIR = tmp_path / "exports"


@pytest.fixture
def auditor() -> User:
    return people.member("auditor")


@pytest.fixture
def reader(auditor: User) -> Client:
    return client_of(auditor)


@pytest.fixture
def june() -> AuditSegment:
    log_of("2026-06", "2026-07")
    return AuditSegment.objects.get(month="2026-06")


def test_before_any_month_is_over_the_page_says_so(reader: Client) -> None:
    assert "No segment is closed yet" in words(reader.get(LIST))


def test_the_list_says_how_each_stands(june: AuditSegment, reader: Client, settings: Any) -> None:
    settings.AUDIT_KEPT_MONTHS = 84

    text = words(reader.get(LIST))

    assert "2026-06" in text and "#1 to #3" in text and "Kept" in text and "84 whole months" in text
    assert "kept until 2033-07" in words(reader.get(JUNE))


def test_a_segment_goes_the_whole_way(june: AuditSegment, reader: Client, auditor: User) -> None:
    """From its export over the second person to the command that the page names."""
    page = words(reader.get(JUNE))
    assert "no export of it yet" in page
    made = reader.post(f"{JUNE}export/")
    while audit_exports.make_next():
        pass
    assert made["Location"] == f"/audit/exports/{AuditExport.objects.get().pk}/"
    sha256 = AuditExport.objects.get().sha256
    assert sha256 in words(reader.get(JUNE))

    asked = reader.post(f"{JUNE}release/", {"reason": "Seven years are over", "ticket": "T-7"}, follow=True)
    approval = Approval.objects.get()
    assert "Nothing is removed: a second person has to agree" in words(asked)
    assert "Nobody can be reached" not in words(asked)
    assert reader.get(f"/approvals/{approval.pk}/alone/").status_code == 302
    assert "has asked" in words(reader.get(JUNE)) and "Waits for a second person" in words(reader.get(LIST))

    second = client_of(people.member("approver"))
    assert sha256 in words(second.get(f"/approvals/{approval.pk}/"))
    second.post(f"/approvals/{approval.pk}/approve/", {"note": "Yes"})
    page = words(reader.get(JUNE))
    assert "manage.py remove_audit_segment 2026-06 --export FILE.zip" in page and "still here" in page

    story = words(reader.get("/audit/", {"q": AuditSegment.objects.get(month="2026-06").story}))
    assert "Closed a segment of the audit log" in story and "Released a segment" in story

    [path] = Path(audit_exports.files.settings.EXPORTS_DIR).iterdir()
    remove("2026-06", kept(path))
    page = words(reader.get(JUNE))
    assert "have left the log" in page and "Removed" in words(reader.get(LIST))
    assert "removed with the segments" in words(reader.get("/audit/"))
    assert "after entry 3" in words(reader.get("/audit/status/"))


def test_a_release_is_taken_back_on_the_page(june: AuditSegment, reader: Client, auditor: User) -> None:
    released(june, auditor, people.member("approver"))

    answer = reader.post(f"{JUNE}keep/", follow=True)

    assert "the release is taken back" in words(answer)
    june.refresh_from_db()
    assert june.released_at is None
    assert "not released any more" in words(reader.post(f"{JUNE}keep/", follow=True))


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_an_entry_that_has_left_says_where_it_went(
    june: AuditSegment, reader: Client, auditor: User, headers: dict[str, str]
) -> None:
    remove("2026-06", released(june, auditor, people.member("approver")))

    for address in ("/audit/2/", "/audit/reviews/2/"):
        answer = reader.get(address, headers=headers)
        assert answer.status_code == 410
        text = words(answer)
        assert "Entry 2 has left the log" in text and "2026-06" in text
    assert reader.get("/audit/999999/").status_code == 404
    assert reader.get("/audit/99999999999999999999999/").status_code == 404


def test_a_release_needs_a_reason_and_keeps_what_was_typed(june: AuditSegment, reader: Client, auditor: User) -> None:
    exported(june, auditor)

    answer = reader.post(f"{JUNE}release/", {"reason": " ", "ticket": "T-77"})

    assert answer.status_code == 422 and "Say why" in words(answer)
    assert 'value="T-77"' in answer.content.decode()
    assert not Approval.objects.exists()


def test_what_cannot_be_released_is_told_and_nothing_is_asked(june: AuditSegment, reader: Client) -> None:
    answer = reader.post(f"{JUNE}release/", {"reason": "Seven years are over"})

    assert answer.status_code == 409 and "no export of it yet" in words(answer)
    assert not Approval.objects.exists()


def test_only_who_reads_the_log_asks(june: AuditSegment) -> None:
    for role in ("agent", "approver", "admin"):
        client = client_of(people.member(role))
        for address in (LIST, JUNE):
            assert client.get(address).status_code == 403
        for step in ("export", "release", "keep"):
            assert client.post(f"{JUNE}{step}/", {"reason": "because"}).status_code == 403


def test_a_month_that_is_none_is_not_found(june: AuditSegment, reader: Client) -> None:
    for month in ("2026-13", "nothing", "2026-06-01", "x" * 500):
        assert reader.get(f"{LIST}{month}/").status_code == 404


def test_nobody_who_was_asked_by_themselves_agrees(june: AuditSegment, auditor: User) -> None:
    exported(june, auditor)
    both = people.member("auditor", email="both@desk.example")
    both.groups.add(Group.objects.get(name="approver"))
    client = client_of(both)

    client.post(f"{JUNE}release/", {"reason": "Seven years are over"})
    approvals.approve(Approval.objects.get(), actor=both)

    june.refresh_from_db()
    assert june.released_at is None
    assert AuditEntry.objects.filter(kind="denied", action="approval.refused").exists()
