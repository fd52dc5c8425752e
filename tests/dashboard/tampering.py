"""The ways in which whoever owns the database can change the log: each at one place, in a copy without triggers.

Never in the database of an installation: this lives beside the tests. Each function returns the numbers of which at
least one must be named by the verifier.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from random import Random
from typing import Any

from django.conf import settings
from django.db import connection

from dashboard.audit_verifier import COLUMNS, message
from dashboard.models import AuditEntry

ENTRIES = "dashboard_auditentry"
Places = set[int]
Tamper = Callable[[Random, int, int], Places]


def run(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def row(seq: int) -> dict[str, Any]:
    found = AuditEntry.objects.values(*COLUMNS).get(seq=seq)
    return {name: bytes(value) if name.endswith("mac") else value for name, value in found.items()}


def write(seq: int, **columns: Any) -> None:
    assignments = ", ".join(f"{name} = %s" for name in columns)
    run(f"UPDATE {ENTRIES} SET {assignments} WHERE seq = %s", *columns.values(), seq)


def put(entry: dict[str, Any]) -> None:
    marks = ", ".join(["%s"] * len(COLUMNS))
    run(f"INSERT INTO {ENTRIES} ({', '.join(COLUMNS)}) VALUES ({marks})", *(entry[name] for name in COLUMNS))


def shift(after: int, by: int) -> None:
    """Renumber what follows, in two steps: numbers are unique."""
    run(f"UPDATE {ENTRIES} SET seq = -(seq + %s) WHERE seq > %s", by, after)
    run(f"UPDATE {ENTRIES} SET seq = -seq WHERE seq < 0")


def end_at(seq: int) -> None:
    """Make the end of the chain fit: only what others were told can contradict it then."""
    run("UPDATE dashboard_audithead SET seq = %s, mac = %s", seq, row(seq)["mac"])


def mac_of(entry: dict[str, Any], key: bytes) -> bytes:
    return hmac.new(key, message(entry), hashlib.sha256).digest()


def keys() -> dict[str, bytes]:
    return {key.partition(":")[0]: base64.b64decode(key.partition(":")[2]) for key in settings.AUDIT_KEYS}


# -- one place each


def field_edit(random: Random, seq: int, last: int) -> Places:
    column = random.choice(COLUMNS)
    if column == "seq":
        run(f"UPDATE {ENTRIES} SET seq = %s WHERE seq = %s", last + 1000, seq)
    elif column in ("mac", "prev_mac"):
        old = row(seq)[column] or b"\0" * 32
        at = random.randrange(len(old))
        write(seq, **{column: old[:at] + bytes([old[at] ^ (1 << random.randrange(8))]) + old[at + 1 :]})
    else:
        write(seq, **{column: _other_text(random, row(seq)[column], short=column in ("chain", "key_id", "kind"))})
    return {seq}


def _other_text(random: Random, text: str, *, short: bool) -> str:
    if not text or (random.random() < 0.3 and not short):
        return text + random.choice("x 0é")
    at = random.randrange(len(text))
    return text[:at] + random.choice([c for c in "abcxyz019 " if c != text[at]]) + text[at + 1 :]


def delete(random: Random, seq: int, last: int) -> Places:
    run(f"DELETE FROM {ENTRIES} WHERE seq = %s", seq)
    return {seq}


def delete_and_renumber(random: Random, seq: int, last: int) -> Places:
    run(f"DELETE FROM {ENTRIES} WHERE seq = %s", seq)
    shift(seq, -1)
    end_at(last - 1)
    return {seq}


def swap(random: Random, seq: int, last: int) -> Places:
    other = random.choice([each for each in range(1, last + 1) if each != seq])
    for before, after in ((seq, -1), (other, seq), (-1, other)):
        run(f"UPDATE {ENTRIES} SET seq = %s WHERE seq = %s", after, before)
    return {seq}


def forged_insert(random: Random, seq: int, last: int) -> Places:
    shift(seq, 1)
    forged = {**row(seq), "seq": seq + 1, "prev_mac": row(seq)["mac"], "actor": "Somebody else"}
    put({**forged, "mac": random.choice([secrets.token_bytes(32), forged["mac"], mac_of(forged, b"?" * 32)])})
    end_at(last + 1)
    return {seq + 1}


def mac_of_another(random: Random, seq: int, last: int) -> Places:
    write(seq, mac=row(random.choice([each for each in range(1, last + 1) if each != seq]))["mac"])
    return {seq}


def key_change(random: Random, seq: int, last: int) -> Places:
    ring, entry = keys(), row(seq)
    other = next(key_id for key_id in ring if key_id != entry["key_id"])
    match random.randrange(4):
        case 0:
            write(seq, key_id=other)
        case 1:
            write(seq, key_id="nobody's")
        case 2:
            write(seq, mac=mac_of(entry, ring[other]))
        case _:
            # With a key of the ring that does not write any more: the next entry's link gives it away.
            write(seq, key_id=other, mac=mac_of({**entry, "key_id": other}, ring[other]))
    return {seq, seq + 1} if seq < last else {seq}


def body_written_anew(random: Random, seq: int, last: int) -> Places:
    said = json.loads(row(seq)["body"])
    other = random.choice(
        [
            json.dumps(said, ensure_ascii=False),
            json.dumps(said, indent=1, ensure_ascii=False),
            json.dumps(dict(reversed(said.items())), separators=(",", ":"), ensure_ascii=False),
            row(seq)["body"] + "\n",
            json.dumps(said, separators=(",", ":"), ensure_ascii=True) + " ",
        ]
    )
    write(seq, body=other)
    return {seq}


def cut_tail(random: Random, seq: int, last: int) -> Places:
    run(f"DELETE FROM {ENTRIES} WHERE seq >= %s", seq)
    if random.random() < 0.5 and seq > 1:
        end_at(seq - 1)
    return {seq}


def rebuild(random: Random, seq: int, last: int) -> Places:
    """Change an entry and chain everything after it anew, with the stolen keys: the log alone contradicts nothing."""
    ring = keys()
    prev_mac = row(seq)["prev_mac"]
    for at in range(seq, last + 1):
        entry = {**row(at), "prev_mac": prev_mac}
        if at == seq:
            entry["actor"] = "Somebody else"
        prev_mac = mac_of(entry, ring[entry["key_id"]])
        write(at, prev_mac=entry["prev_mac"], mac=prev_mac, actor=entry["actor"])
    end_at(last)
    return set(range(seq, last + 1))


CLASSES: dict[str, Tamper] = {
    "field edit": field_edit,
    "delete": delete,
    "delete and renumber": delete_and_renumber,
    "swap": swap,
    "forged insert": forged_insert,
    "MAC of another row": mac_of_another,
    "key change": key_change,
    "body written anew": body_written_anew,
    "cut tail": cut_tail,
    "rebuild with the stolen keys": rebuild,
}
