"""A log whose first entries were removed is whole only if an entry of its own tells of exactly that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from dashboard import signing
from dashboard.audit_verifier import REMOVED, Verification
from dashboard.models import AuditEntry
from dashboard.services import audit_verify
from dashboard.services.anchors import note_of
from dashboard.services.audit import SYSTEM, Kind, record, verify

from .audit_samples import append, run, tamper

pytestmark = pytest.mark.django_db


@pytest.fixture
def macs() -> dict[int, str]:
    append(10)
    return {entry.seq: bytes(entry.mac).hex() for entry in AuditEntry.objects.all()}


def told(last_entry: object, last_mac: object, *, signed: str | None = None) -> None:
    facts: dict[str, Any] = {"last_entry": last_entry, "last_mac": last_mac, "export_sha256": "ab"}
    facts["signed"] = note_of_removal(last_entry, last_mac) if signed is None else signed
    record(Kind.EVENT, REMOVED, actor=SYSTEM, facts=facts)


def note_of_removal(last_entry: object, last_mac: object, export_sha256: str = "ab") -> str:
    said = ["linkdesk-audit-removal/v1", str(last_entry), str(last_mac) or "none", export_sha256]
    return signing.sign_note([settings.AUDIT_ORIGIN, *said])


def without_first(count: int, **more: str) -> Verification:
    append(2)
    tamper("DELETE FROM dashboard_auditentry WHERE seq <= %s", count)
    return verify(**more)


def first_of(found: Verification) -> tuple[str, int]:
    return found.findings[0].kind, found.findings[0].seq


def test_a_removal_that_the_log_tells_of_is_no_finding(macs: dict[int, str]) -> None:
    told(4, macs[4])

    found = without_first(4)

    assert found.findings == ()
    assert (found.begins_after, found.entries, found.seq) == (4, 9, 13)


def test_the_newest_of_several_removals_counts(macs: dict[int, str]) -> None:
    told(2, macs[2])
    told(6, macs[6])

    assert without_first(6).begins_after == 6


@pytest.mark.parametrize("count", [3, 5, 9])
def test_removing_more_or_less_than_was_told_is_found(macs: dict[int, str], count: int) -> None:
    told(4, macs[4])

    assert ("gap", 1) in [(each.kind, each.seq) for each in without_first(count).findings]


@pytest.mark.parametrize(
    ("last_entry", "last_mac"),
    [(4, "00" * 32), (4, ""), (4, None), ("4", "mac"), (None, "mac"), (40, "mac"), (-4, "mac")],
)
def test_words_that_do_not_fit_tell_of_nothing(macs: dict[int, str], last_entry: object, last_mac: object) -> None:
    told(last_entry, macs[4] if last_mac == "mac" else last_mac)

    assert first_of(without_first(4)) == ("gap", 1)


def test_a_removal_that_the_keys_of_the_entries_alone_made_up_is_found(macs: dict[int, str]) -> None:
    """Whoever stole AUDIT_KEYS writes what entries they like, and signs nothing."""
    of_another, of_its_anchor = note_of_removal(3, macs[3]), note_of(4, bytes.fromhex(macs[4]), timezone.now())
    for signed in ("", of_another, of_its_anchor, note_of_removal(4, macs[4], "cd"), note_of_removal(4, macs[5])):
        told(4, macs[4], signed=signed)

    found = without_first(4)

    assert first_of(found) == ("gap", 1) and "is not signed" in found.findings[0].text
    told(4, macs[4])
    assert verify().ok


@pytest.mark.parametrize("here_again", [2, 0])
def test_removed_entries_that_were_put_back_are_found(macs: dict[int, str], here_again: int) -> None:
    """As they were written, from a backup: nothing of them is wrong but that they are there."""
    told(2, macs[2])
    told(6, macs[6])

    found = without_first(here_again)

    assert [(each.kind, each.seq) for each in found.findings] == [("rollback", here_again + 1)]
    assert "entry 12 says that all up to 6 was removed" in found.findings[0].text


def test_a_segment_that_leaves_while_somebody_looks_is_no_finding(
    macs: dict[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The walk reads in batches, each of its own moment."""
    told(6, macs[6])
    append(2)
    monkeypatch.setattr(audit_verify, "BATCH_ROWS", 4)
    read, calls = audit_verify._rows_after, []

    def meanwhile(seq: int) -> Iterator[dict[str, Any]]:
        for row in read(seq):
            yield row
            if not calls:
                calls.append(tamper("DELETE FROM dashboard_auditentry WHERE seq <= 6"))

    monkeypatch.setattr(audit_verify, "_rows_after", meanwhile)

    assert verify().findings == ()


def test_a_removal_told_by_an_entry_that_was_changed_does_not_count(macs: dict[int, str]) -> None:
    told(4, macs[4])
    append()
    tamper("DELETE FROM dashboard_auditentry WHERE seq <= 4")
    run("UPDATE dashboard_auditentry SET actor = 'Ana' WHERE seq = 11")

    assert [(each.kind, each.seq) for each in verify().findings] == [("gap", 1), ("mac", 11)]


def test_a_removal_is_compared_with_the_anchor_of_the_last_entry_removed(macs: dict[int, str]) -> None:
    told(4, macs[4])
    right, wrong = (note_of(4, mac, timezone.now()) for mac in (bytes.fromhex(macs[4]), b"x" * 32))

    assert without_first(4, anchors=right).ok
    assert first_of(verify(anchors=wrong)) == ("rollback", 4)


def test_a_look_from_a_checkpoint_that_has_left_goes_on_where_the_log_begins(macs: dict[int, str]) -> None:
    told(4, macs[4])
    without_first(4)

    assert verify((2, bytes.fromhex(macs[2]))).ok
    run("DELETE FROM dashboard_auditentry WHERE seq = 5")
    assert first_of(verify((2, bytes.fromhex(macs[2])))) == ("gap", 3)
