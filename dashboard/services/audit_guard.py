"""What must hold at the moment of each entry, or none is written: the ring reads the last entry as it stands."""

from __future__ import annotations

import hmac

from dashboard.keyring import KeyRing
from dashboard.models import AuditEntry, AuditHead

from .audit_bytes import TEXT_COLUMNS, message

_COLUMNS = ("seq", "chain", "key_id", "prev_mac", "mac", *TEXT_COLUMNS)


class Unguarded(Exception):
    """An entry written now could not be relied on; the message says why and quotes no value."""


def guard(ring: KeyRing, head: AuditHead) -> None:
    """Raise `Unguarded` if the log would go on in another hand, or after an entry that is not what was written.

    One small query an entry: a process may be started with another ring while the others run.
    """
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
