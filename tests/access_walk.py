"""Walks every address as everybody: what `tests/access_table.py` and `tests/access_needs.py` are compared with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from http.cookies import SimpleCookie
from typing import Any

from django.apps import apps
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from dashboard.models import AuditEntry, User
from dashboard.services.audit import Kind
from dashboard.views.proof import question_in_new_tab
from tests import people

from .access_table import EVERYBODY
from .access_things import things

_PARTIAL = {"HTTP_HX_REQUEST": "true", "HTTP_HX_REQUEST_TYPE": "partial"}


def patterns(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern)
        else:
            yield pattern


@cache
def by_name() -> dict[str, URLPattern]:
    return {str(pattern.name): pattern for pattern in patterns()}


def names() -> set[str]:
    return set(by_name())


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table but the sessions: each request of a signed-in person says that they are there."""
    return {
        model._meta.db_table: list(model._base_manager.order_by("pk").values_list())
        for model in apps.get_models()
        if model is not Session
    }


class Walk:
    """One of everything that an address names, and everybody who may knock, signed in."""

    def __init__(self, action: str = "refresh") -> None:
        self._knocking = Client()
        self.cookies: dict[str, dict[str, str]] = {"anonymous": {}}
        self.people: dict[str, User] = {}
        for who in EVERYBODY[1:]:
            role = "agent" if who in ("disabled", "password") else who
            methods = ("password",) if who == "password" else ("password", "mfa")
            self.admit(who, Group.objects.filter(name=role), methods)
        self.things = things(auditor=self.people["auditor"], action=action)
        User.objects.filter(pk=self.people["disabled"].pk).update(is_active=False)

    def admit(
        self, who: str, groups: Iterable[Group], methods: Iterable[str] = ("password", "mfa"), *, ago_s: float = 0
    ) -> None:
        """Let one more person sign in; the rest says how they proved who they are, and how long ago."""
        person = User.objects.create(email=f"{who}@desk.example", name=who, password=_hash())
        person.groups.set(groups)
        client = Client()
        client.force_login(person)
        people.proved(client, person, *methods, ago_s=ago_s)
        self.people[who] = person
        self.cookies[who] = {name: cookie.value for name, cookie in client.cookies.items()}

    def look(self, name: str, method: str, who: str, *, partial: bool = False) -> str:
        """Knock, undo what came of it, and return the answer as `answer` does."""
        with undone():
            answer = self.answer(name, method, who, partial=partial)
            if answer == "403":
                refusals = AuditEntry.objects.filter(kind=Kind.DENIED, action="access.denied").count()
                assert refusals == 1, f"{method} {name} as {who}: a refusal that is not on record"
            return answer

    def answer(self, name: str, method: str, who: str, *, partial: bool = False) -> str:
        """Return the status, or where the answer leads: `in` to the sign-in, `2f` to the second factor, `proof`."""
        # One client for all, for each loads all middleware anew. A sign-out takes the cookie with it.
        self._knocking.cookies = SimpleCookie(self.cookies[who])
        response = self._knocking.generic(method, self.address(name), **(_PARTIAL if partial else {}))
        target = response.get("HX-Redirect") or response.get("Location") or ""
        if target.startswith(reverse("account_login")):
            return "in"
        if target.startswith(reverse("second-factor-required")):
            return "2f"
        if response.status_code == 403 and question_in_new_tab() in response.content.decode():
            return "proof"
        is_led = target.startswith(f"{reverse('account_reauthenticate')}?")
        return "proof" if is_led else str(response.status_code)

    def address(self, name: str) -> str:
        parts = by_name()[name].pattern.converters
        return reverse(name, kwargs={part: self._thing(name, part) for part in parts})

    def _thing(self, name: str, part: str) -> Any:
        if part == "key":
            return self.things[name]
        if part != "pk":
            return self.things[part]
        kinds = [kind for kind in self.things if name.startswith(f"{kind}-") and name != "operation-create"]
        return self.things[max(kinds, key=len, default="linked-account")]


@cache
def _hash() -> str:
    """Return one hash for all: it is slow on purpose."""
    return make_password("a long password of mine")


class undone:
    """Roll back what a request did; an atomic block that says it is a test's lets durable blocks be inside."""

    def __enter__(self) -> None:
        self._block = transaction.atomic()
        self._block._from_testcase = True  # type: ignore[attr-defined]
        self._block.__enter__()

    def __exit__(self, *raised: Any) -> None:
        if raised[0] is None:
            transaction.set_rollback(True)
        self._block.__exit__(*raised)
