"""Years of an audit log in a minute: real entries with real chained MACs and their terms, written past the services."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from dashboard.keyring import parse_ring
from dashboard.models import AuditHead
from dashboard.services.audit_bytes import CHAIN, TEXT_COLUMNS, canonical, message, timestamp
from dashboard.services.audit_index import _rows
from dashboard.services.audit_redaction import keyed_digest, pseudonym
from dashboard.triggers import install_triggers

from .audit_samples import ENTRY_COLUMNS, run, triggers_off

BATCH = 100_000
START = datetime(2024, 1, 1, tzinfo=UTC)
# One entry in so many has it: what a reviewer looks for is rare.
WEBHOOK_EVERY = 400
FIELDS = ("access_mode", "tags", "username", "password", "refresh_rate", "products", "name", "interval")


def write_history(count: int, seed: int = 4) -> None:
    """Write `count` entries into an empty log; a year holds about half a million."""
    with triggers_off():
        batch: list[dict[str, Any]] = []
        row: dict[str, Any] = {}
        for row in _entries(count, random.Random(seed)):  # noqa: S311 - any numbers do
            batch.append(row)
            if len(batch) == BATCH:
                _write(batch)
                batch = []
        _write(batch)
        AuditHead.objects.update(seq=row["seq"], mac=row["mac"])
    install_triggers(connection)
    run("ANALYZE")


def _write(batch: list[dict[str, Any]]) -> None:
    terms = sorted({row for entry in batch for row in _rows(entry)})
    _insert("dashboard_auditentry", ENTRY_COLUMNS, [[row[name] for name in ENTRY_COLUMNS] for row in batch])
    # What every batch has again: the vocabulary.
    new = terms if batch and batch[0]["seq"] == 1 else [row for row in terms if row[2]]
    _insert("dashboard_auditterm", ["name", "value", "seq"], new)


def _insert(table: str, columns: list[str], rows: list[Any]) -> None:
    names = ", ".join(columns)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(columns))})", rows)


def _entries(count: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    key = parse_ring("AUDIT_KEYS", settings.AUDIT_KEYS).writing
    world = _World(chance)
    before = b""
    at = START
    for seq in range(1, count + 1):
        at += timedelta(seconds=chance.randint(1, 120))
        columns = dict.fromkeys(TEXT_COLUMNS, "") | world.entry(seq) | {"at": timestamp(at)}
        row = {"seq": seq, "chain": CHAIN, "key_id": key.id, "prev_mac": before, **columns}
        row["mac"] = before = key.hmac(message(row))
        yield row


class _World:
    """40 people, 50,000 accounts, 2,000 customers; each change is meant first and its outcome learned next."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.customers = [pseudonym(f"cust-{n}") for n in range(2_000)]
        self.hooks = [{"url": f"https://hooks{n}.example/in", "digest": keyed_digest("url", f"{n}")} for n in range(40)]
        self.meant: dict[str, Any] = {}

    def entry(self, seq: int) -> dict[str, Any]:
        if self.meant:
            meant, self.meant = self.meant, {}
            return self._outcome(seq, meant)
        what = self.chance.random()
        number = self.chance.randrange(40)
        who = {"actor_id": str(number), "actor": f"Person {number} <person{number}@desk.example>"}
        who["role"] = "admin" if number == 7 else "agent"
        if seq % WEBHOOK_EVERY == 0 or what > 0.8:
            self.meant = self._intent(seq, who)
            return self.meant
        if what < 0.1:
            return _entry("system", "sync.complete", SYSTEM | {"result": "complete"}, {"seen": 9})
        facts = {"web_request_id": f"{seq:08x}-aaaa-{self.chance.getrandbits(48):012x}"}
        if what < 0.15:
            return _entry("event", "session.signed_in", who | {"target": f"person{number}@desk.example"}, facts)
        if what < 0.2:
            customer = self.customers[self.chance.randrange(2_000)]
            change = {"field": "email", "class": "personal", "after": {"masked": "m•••", "pseudonym": customer}}
            target = {"target": f"Customer {customer}"}
            return _entry("event", "customer.changed", who | target, facts | {"changes": [change]})
        return _entry("read", "account.read", who | self._account(), facts)

    def _account(self) -> dict[str, Any]:
        account = self.chance.randrange(50_000)
        target = {"target": f"belvo: Bank {account % 40} {account:08x}", "integration": "belvo"}
        return {"target_id": f"00000000-0000-0000-0000-{account:012}", **target}

    def _intent(self, seq: int, who: dict[str, Any]) -> dict[str, Any]:
        on = who | self._account() | {"operation_id": f"op-{seq}"}
        if seq % WEBHOOK_EVERY == 0:
            values = {"before": self.hooks[seq % 40], "after": self.hooks[seq // WEBHOOK_EVERY % 40]}
            change: dict[str, Any] = {"field": "webhook", "class": "url", "label": "Webhook", **values}
            return _entry("intent", "operation.intent", on, {"changes": [change], "reason": "asked for by mail"})
        field = FIELDS[self.chance.randrange(len(FIELDS))]
        change = {"field": field, "class": "public", "label": field.title(), "before": "old"}
        change["after"] = f"v{self.chance.randrange(900)}"
        facts = {"changes": [change], "reason": f"called about {field}", "action": "settings"}
        return _entry("intent", "operation.intent", on, facts)

    def _outcome(self, seq: int, meant: dict[str, Any]) -> dict[str, Any]:
        result = "ok" if self.chance.random() < 0.98 else "refused"
        facts = {"state": "done", "provider_status": 200, "provider_request_id": f"req-{seq:08x}"}
        return _entry("outcome", "operation.outcome", meant | {"result": result}, facts)


SYSTEM = {"actor": "Linkdesk", "role": "system"}


def _entry(kind: str, action: str, columns: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    return {**columns, "kind": kind, "action": action, "body": canonical(facts)}
