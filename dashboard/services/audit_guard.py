"""What must hold at the moment of each entry, or none is written: the triggers, and a key that reads the last entry."""

from __future__ import annotations

import hmac

from django.db import connection

from dashboard.keyring import KeyRing
from dashboard.models import AuditEntry, AuditHead
from dashboard.triggers import missing_triggers

from .audit_bytes import TEXT_COLUMNS, message

_COLUMNS = ("seq", "chain", "key_id", "prev_mac", "mac", *TEXT_COLUMNS)


class Unguarded(Exception):
    """An entry written now could not be relied on; the message says why and quotes no value."""


def guard(ring: KeyRing, head: AuditHead) -> None:
    """Raise `Unguarded` if the log could be changed behind our back, or would go on in another hand.

    Two small queries an entry: a trigger may be dropped, and a process may be started with another ring, at any time.
    """
    if missing := missing_triggers(connection):
        raise Unguarded(f"the database lacks the triggers {', '.join(missing)}")
    if not head.seq:
        return
    row = AuditEntry.objects.filter(seq=head.seq).values(*_COLUMNS).first()
    if row is None:
        raise Unguarded(f"entry {head.seq}, the last one, is missing")
    key = ring.get(row["key_id"])
    if key is None:
        raise Unguarded(f"AUDIT_KEYS lacks the key “{row['key_id']}” that wrote entry {head.seq}, the last one")
    row |= {"prev_mac": bytes(row["prev_mac"]), "mac": bytes(row["mac"])}
    if row["mac"] != bytes(head.mac) or not hmac.compare_digest(key.hmac(message(row)), row["mac"]):
        raise Unguarded(f"the key “{key.id}” of AUDIT_KEYS did not write entry {head.seq}, the last one, as it stands")
