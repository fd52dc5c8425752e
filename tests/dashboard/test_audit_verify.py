"""The proof: each way of changing the log is found, and the walk goes on after it."""

import base64
import tracemalloc

import pytest
from django.db import connection

from dashboard import audit_verifier
from dashboard.models import AuditEntry
from dashboard.services import audit_verify
from dashboard.services.audit import SYSTEM, Kind, record, verify
from dashboard.services.audit_bytes import TEXT_COLUMNS, field

from .audit_samples import ENTRY_COLUMNS, append, run, tamper, triggers_off

pytestmark = pytest.mark.django_db


def _findings():
    return [(finding.kind, finding.seq) for finding in verify().findings]


def _bytes(hexadecimal):
    return f"decode('{hexadecimal}', 'hex')" if connection.vendor == "postgresql" else f"x'{hexadecimal}'"


def test_an_empty_log_is_whole():
    verification = verify()

    assert (verification.ok, verification.entries, verification.findings) == (True, 0, ())


def test_a_long_log_is_whole(monkeypatch):
    monkeypatch.setattr(audit_verify, "BATCH_ROWS", 7)
    append(50)

    assert (verify().ok, verify().entries, verify().seq) == (True, 50, 50)


@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_one_changed_character_in_any_column_is_found(column):
    append(5)

    tamper(f"UPDATE dashboard_auditentry SET {column} = {column} || 'x' WHERE seq = 3")

    assert _findings() == [("mac", 3)]


@pytest.mark.parametrize("column", ["chain", "mac", "prev_mac", "key_id"])
def test_a_change_of_the_chain_itself_is_found(column):
    append(5)
    changed = _bytes("00" * 32) if column.endswith("mac") else "'other'"

    tamper(f"UPDATE dashboard_auditentry SET {column} = {changed} WHERE seq = 3")

    assert (
        _findings()
        == {
            "chain": [("mac", 3)],
            "mac": [("mac", 3), ("prev", 4)],
            "prev_mac": [("prev", 3), ("mac", 3)],
            "key_id": [("unknown_key", 3)],
        }[column]
    )


def test_a_deleted_entry_is_found():
    append(5)

    tamper("DELETE FROM dashboard_auditentry WHERE seq = 3")

    assert _findings() == [("gap", 3)]


def test_a_deleted_beginning_is_found():
    append(5)

    tamper("DELETE FROM dashboard_auditentry WHERE seq <= 2")

    [finding] = verify().findings
    assert (finding.kind, finding.text) == ("gap", "entries 1 to 2 are missing, and no entry tells of their removal")


def test_a_deletion_that_was_renumbered_is_found():
    append(5)

    with triggers_off():
        run("DELETE FROM dashboard_auditentry WHERE seq = 3")
        run("UPDATE dashboard_auditentry SET seq = 3 WHERE seq = 4")
        run("UPDATE dashboard_auditentry SET seq = 4 WHERE seq = 5")

    assert _findings() == [("prev", 3), ("mac", 3), ("mac", 4), ("missing_tail", 5)]


def test_a_cut_tail_is_found():
    append(5)

    tamper("DELETE FROM dashboard_auditentry WHERE seq >= 4")

    [finding] = verify().findings
    assert (finding.kind, finding.text) == ("missing_tail", "entries 4 to 5 are missing at the end")


def test_an_emptied_log_is_found():
    append(5)

    tamper("DELETE FROM dashboard_auditentry")

    assert _findings() == [("missing_tail", 1)]


def test_swapped_entries_are_found():
    append(5)

    with triggers_off():
        run("UPDATE dashboard_auditentry SET seq = 99 WHERE seq = 2")
        run("UPDATE dashboard_auditentry SET seq = 2 WHERE seq = 3")
        run("UPDATE dashboard_auditentry SET seq = 3 WHERE seq = 99")

    assert ("mac", 2) in _findings()
    assert ("mac", 3) in _findings()


def test_an_entry_put_in_by_hand_is_found():
    append(5)
    columns = ", ".join(name for name in ENTRY_COLUMNS if name != "seq")

    run(
        f"INSERT INTO dashboard_auditentry (seq, {columns}) SELECT 6, {columns} FROM dashboard_auditentry WHERE seq = 5"
    )

    assert _findings() == [("prev", 6), ("mac", 6), ("row_points_past_end", 6)]


def test_a_lost_end_of_the_chain_is_found():
    append(2)

    tamper("DELETE FROM dashboard_audithead")

    assert _findings() == [("no_head", 2)]


def test_an_end_with_another_mac_is_found():
    append(2)

    tamper(f"UPDATE dashboard_audithead SET mac = {_bytes('00')}")

    assert _findings() == [("missing_tail", 2)]


def test_a_chain_rebuilt_with_another_key_of_the_same_name_is_found(settings, monkeypatch):
    append(3)
    good = settings.AUDIT_KEYS
    # Ours would not go on in another hand; a forger's program asks nobody.
    monkeypatch.setattr("dashboard.services.audit.guard", lambda ring, head: None)
    settings.AUDIT_KEYS = ["a1:" + base64.b64encode(b"z" * 32).decode()]
    append(2)
    settings.AUDIT_KEYS = good

    assert _findings() == [("mac", 4), ("mac", 5)]


def test_it_goes_on_after_the_first_finding():
    append(9)

    with triggers_off():
        run("UPDATE dashboard_auditentry SET body = '{}' WHERE seq IN (2, 6)")
        run("DELETE FROM dashboard_auditentry WHERE seq = 4")
        run("DELETE FROM dashboard_auditentry WHERE seq = 9")

    assert _findings() == [("mac", 2), ("gap", 4), ("mac", 6), ("missing_tail", 9)]


def test_bytes_that_are_no_text_are_a_finding_and_not_the_end():
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps no such text")
    append(5)

    tamper("UPDATE dashboard_auditentry SET body = CAST(x'fffe' AS TEXT) WHERE seq = 3")
    run("UPDATE dashboard_auditentry SET actor = x'00ff' WHERE seq = 2")
    run("UPDATE dashboard_auditentry SET result = CAST(result AS BLOB) WHERE seq = 4")
    run("UPDATE dashboard_auditentry SET mac = 'text' WHERE seq = 5")

    assert {("mac", 2), ("mac", 3), ("mac", 4), ("mac", 5)} <= set(_findings())


@pytest.mark.parametrize("number", ["'four'", "4.5", "x'04'"])
def test_a_number_that_is_none_is_a_finding_and_not_the_end(number):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps no such number")
    append(5)

    tamper(f"UPDATE dashboard_auditentry SET seq = {number} WHERE seq = 4")

    assert not verify().ok


def test_findings_are_counted_when_they_are_too_many(monkeypatch):
    monkeypatch.setattr(audit_verifier, "MAX_FINDINGS", 3)
    append(10)

    tamper("UPDATE dashboard_auditentry SET body = '{}'")

    verification = verify()
    assert (verification.ok, len(verification.findings), verification.unlisted) == (False, 3, 7)


def test_memory_stays_flat(monkeypatch):
    monkeypatch.setattr(audit_verify, "BATCH_ROWS", 50)

    def peak_of_verify():
        verify()
        tracemalloc.start()
        verify()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    append(100, filler="x" * 4000)
    few = peak_of_verify()
    append(400, filler="x" * 4000)

    assert peak_of_verify() < 1.5 * few


# -- keys


def test_older_keys_verify_and_the_newest_one_writes(settings):
    append(2)
    settings.AUDIT_KEYS = ["a2:" + base64.b64encode(b"n" * 32).decode(), *settings.AUDIT_KEYS]
    append(2)

    assert verify().ok
    assert list(AuditEntry.objects.order_by("seq").values_list("key_id", flat=True)) == ["a1", "a1", "a2", "a2"]

    settings.AUDIT_KEYS = settings.AUDIT_KEYS[:1]

    assert _findings() == [("unknown_key", 1), ("unknown_key", 2)]


# -- bytes


def test_no_two_ways_of_cutting_the_same_text_look_alike():
    assert field("ab") + field("") != field("a") + field("b")
    assert field(None) != field("")
    assert field("") == field(b"") == b"\0\0\0\0"


def test_moving_a_character_between_columns_is_found():
    record(Kind.EVENT, "test.happened", actor=SYSTEM, integration="ab", result="c")

    tamper("UPDATE dashboard_auditentry SET operation_id = 'b', integration = 'a'")

    assert _findings() == [("mac", 1)]
