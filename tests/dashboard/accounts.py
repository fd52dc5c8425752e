"""Linked accounts and customers for tests of screens: rows as the mirror writes them, without a remote behind them."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from dashboard.models import Customer, LinkedAccount, RemoteSchema
from providers.attention import Attention

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def customer(name: str = "", **columns: Any) -> Customer:
    number = next(_numbers)
    columns = {"reference": f"cust-{number:05d}", "email": f"person{number}@mail.example", **columns}
    return Customer.objects.create(name=name or f"Person {number}", **columns)


def account(owner: Customer | None = None, **columns: Any) -> LinkedAccount:
    """Save an account; its search text is made of the same values as the mirror's."""
    made = unsaved(owner, **columns)
    made.save()
    return made


def unsaved(owner: Customer | None = None, **columns: Any) -> LinkedAccount:
    number = next(_numbers)
    columns = {
        "integration": "belvo",
        "provider": "belvo",
        "remote_id": str(uuid.uuid4()),
        "external_id": owner.reference if owner else "",
        "title": "Banco Azul",
        "schema_key": "azul_mx_retail",
        "status": "valid",
        "attention": Attention.HEALTHY,
        "headline": "The last check was fine.",
        "digest": f"{number:064d}",
        "attention_since": NOW - timedelta(hours=number),
        "checked_at": NOW,
        "last_success_at": NOW - timedelta(minutes=number),
        "changed_at": NOW - timedelta(minutes=number),
        **columns,
    }
    made = LinkedAccount(customer=owner, **columns)
    people = (owner.name, owner.email, owner.reference) if owner else ()
    words = (made.title, made.schema_key, made.remote_id, made.external_id, made.status, *people, *made.tags)
    made.search_text = columns.get("search_text", "\n".join(filter(None, words)).casefold())
    return made


def institution(key: str, title: str, integration: str = "belvo") -> RemoteSchema:
    return RemoteSchema.objects.create(integration=integration, key=key, title=title, digest=key, fetched_at=NOW)
