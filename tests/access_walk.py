"""Walks every address as everybody: what `tests/access_table.py` is compared with."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from dashboard.models import ApiCall, AuditEntry, Operation, User
from dashboard.services import approvals, operations
from dashboard.services.audit import SYSTEM, Kind, Target, record
from tests import people
from tests.dashboard import accounts

SIGNED_IN = ("none", "viewer", "agent", "approver", "auditor", "admin")
EVERYBODY = ("anonymous", "disabled", "password", *SIGNED_IN)
_PARTIAL = {"HTTP_HX_REQUEST": "true", "HTTP_HX_REQUEST_TYPE": "partial"}


def patterns(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern)
        else:
            yield pattern


def names() -> set[str]:
    return {str(pattern.name) for pattern in patterns()}


class Walk:
    """One account, draft, entry and person for every address, and a client for everybody who may knock."""

    def __init__(self) -> None:
        account = accounts.account(accounts.customer())
        self.password = make_password("a long password of mine")
        agent = people.member("agent", email="owner@desk.example")
        opened = operations.open_draft(account, "refresh", actor=agent)
        assert isinstance(opened, Operation), opened
        call = ApiCall.objects.create(integration="belvo", method="GET", path_template="/x", path="/x", duration_ms=1)
        entry = record(Kind.EVENT, "test.happened", actor=SYSTEM)
        admin = people.member("admin", email="other@desk.example")
        asked = approvals.Asked("roles", str(agent.pk), "roles", Target.of(agent), "digest", payload={"roles": []})
        approval = approvals.request(asked, actor=admin, reason="leaves")
        self.things: dict[str, Any] = {
            "account": account.pk,
            "customer": account.customer_id,
            "operation": opened.pk,
            "staff": agent.pk,
            "approval": approval.pk,
            "seq": entry.seq,
            "number": call.pk,
            "action": "refresh",
            "integration": "belvo",
            "key": "no-such-key",
        }
        self.clients = {who: self._client(who) for who in EVERYBODY}

    def look(self, name: str, method: str, who: str, *, partial: bool) -> str:
        """Return the status, or where the answer leads: `in` to the sign-in, `2f` to the second factor."""
        client = Client()
        # A sign-out takes the cookie with it.
        client.cookies.update(self.clients[who].cookies)
        denied = AuditEntry.objects.filter(kind=Kind.DENIED, action="access.denied")
        with _undone():
            before = denied.count()
            response = getattr(client, method.lower())(self.address(name), **(_PARTIAL if partial else {}))
            status = response.status_code
            if status == 403:
                assert denied.count() == before + 1, f"{method} {name} as {who}: a refusal that is not on record"
            target = response.get("HX-Redirect") or response.get("Location") or ""
            if target.startswith(reverse("account_login")):
                return "in"
            if target.startswith(reverse("second-factor-required")):
                return "2f"
            return str(status)

    def address(self, name: str) -> str:
        pattern = next(each for each in patterns() if each.name == name)
        return reverse(name, kwargs={part: self._thing(name, part) for part in pattern.pattern.converters})

    def _thing(self, name: str, part: str) -> Any:
        if part != "pk":
            return self.things[part]
        kind = "account" if name.startswith("linked-account") or name == "operation-create" else name.partition("-")[0]
        return self.things.get(kind, uuid.UUID(int=7))

    def _client(self, who: str) -> Client:
        client = Client()
        if who == "anonymous":
            return client
        # One hash for all: it is slow on purpose.
        person = User.objects.create(email=f"{who}@desk.example", name=who, password=self.password)
        role = "agent" if who in ("disabled", "password") else who
        person.groups.set(Group.objects.filter(name=role))
        client.force_login(person)
        if who == "password":
            people.proved(client, person, "password")
        if who == "disabled":
            User.objects.filter(pk=person.pk).update(is_active=False)
        return client


class _undone:
    """Roll back what a request did; an atomic block that says it is a test's lets durable blocks be inside."""

    def __enter__(self) -> None:
        self._block = transaction.atomic()
        self._block._from_testcase = True  # type: ignore[attr-defined]
        self._block.__enter__()

    def __exit__(self, *raised: Any) -> None:
        if raised[0] is None:
            transaction.set_rollback(True)
        self._block.__exit__(*raised)
