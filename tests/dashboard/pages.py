"""How tests of screens speak to the dashboard: as htmx does or as a plain form does, and what they read."""

from __future__ import annotations

import html
import re
from typing import Any

from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.models import LinkedAccount, Operation, User

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
# PostgreSQL is told, in a block of its own, for how long a page waits for the record of its look.
_OF_THE_LOOK = ("'account.searched'", "BEGIN", "lock_timeout", "SAVEPOINT", "COMMIT")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def words(response: Any) -> str:
    """Return what a person reads of a page or fragment: no tags, single blanks."""
    text = re.sub(r"<(script|noscript|template)\b.*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def has(response: Any, marker: str) -> bool:
    return f'id="{marker}"' in response.content.decode()


def opened(client: Client, account: LinkedAccount, action: str) -> Operation:
    """Press an action's button; return the draft it made."""
    response = client.post(f"/linked-accounts/{account.pk}/operations/{action}/", headers=HTMX)
    assert response.status_code == 200, words(response)
    return Operation.objects.filter(account=account, action=action).latest("created_at")


def typed(client: Client, draft: Operation, *, htmx: bool = True, **fields: Any) -> Any:
    """Ask for the plan of what was typed."""
    return client.post(f"/operations/{draft.pk}/preview/", _named(fields), headers=HTMX if htmx else {})


def applied(client: Client, draft: Operation, *, digest: str | None = None, htmx: bool = True, **fields: Any) -> Any:
    """Type, look at the plan, and press Apply."""
    if digest is None:
        digest = digest_in(typed(client, draft, **fields))
    data = {**_named(fields), "digest": digest}
    return client.post(f"/operations/{draft.pk}/apply/", data, headers=HTMX if htmx else {})


def digest_in(response: Any) -> str:
    found = re.search(r'name="digest" value="([^"]*)"', response.content.decode())
    assert found, words(response)
    return found[1]


def _named(fields: dict[str, Any]) -> dict[str, Any]:
    own = {"confirm_name", "reason", "ticket", "asks"}
    return {name if name in own else f"field-{name}": value for name, value in fields.items()}


def besides_the_look(taken: CaptureQueriesContext) -> list[str]:
    """Return the statements of a page without those that look whether it is on record that it was opened."""
    statements = [each["sql"] for each in taken.captured_queries]
    return [sql for sql in statements if not any(mark in sql for mark in _OF_THE_LOOK)]
