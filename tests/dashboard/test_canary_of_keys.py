"""Our own keys at the providers, and the tokens that they are exchanged for, are kept nowhere and shown nowhere."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from dashboard.models import ApiCall, LinkedAccount
from dashboard.models.operation import State
from dashboard.services import operations
from dashboard.services.results import Started
from providers.config import read_configuration
from tests.canary import database_as_bytes, places_with, sessions_as_text
from tests.emulator import Emulator

from . import factories as make
from .pages import client_of, opened

EDITS: dict[str, tuple[str, dict[str, Any]]] = {
    "belvo": ("settings", {"stale_in": "42d"}),
    "flxpoint": ("configs", {"connection.name": "Renamed by a canary"}),
    "linkar": ("edit", {"PHONE": "555 777"}),
    "moneykit": ("settings", {"webhook": "https://hooks.example/canary", "link_tags": ("vip:yes",)}),
}
# How else an integration may sign in, beside the way that its emulator's own settings choose.
SIGNED_IN: dict[str, tuple[str, dict[str, str]]] = {
    "belvo": ("belvo", {}),
    "flxpoint": ("flxpoint", {}),
    "linkar by key": ("linkar", {}),
    "linkar by OAuth2": ("linkar", {"LINKAR_AUTH": "oauth2"}),
    "moneykit by token": ("moneykit", {}),
    "moneykit by headers": ("moneykit", {"MONEYKIT_AUTH": "headers"}),
}
KEYS = {
    "belvo": ("BELVO_SECRET_PASSWORD",),
    "flxpoint": ("FLXPOINT_TOKEN",),
    "linkar": ("LINKAR_API_KEY", "LINKAR_CLIENT_SECRET"),
    "moneykit": ("MONEYKIT_CLIENT_SECRET",),
}


def tokens_of(remote: Emulator, slug: str) -> list[str]:
    """Return the access tokens that were handed out."""
    if slug == "moneykit":
        return list(remote.moneykit.tokens)
    return list(remote.linkar.access.tokens) if slug == "linkar" else []


@pytest.mark.parametrize("way", SIGNED_IN)
def test_keys_and_tokens_are_kept_nowhere(
    remote: Emulator, settings: Any, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    caplog.set_level(logging.DEBUG)
    slug, changed = SIGNED_IN[way]
    if "LINKAR_AUTH" in changed:
        remote.linkar.auth = "oauth2"
    settings.INTEGRATIONS = read_configuration({**remote.environment, "INTEGRATIONS": slug, **changed})
    make.synced(slug)
    action, values = EDITS[slug]
    accounts = LinkedAccount.objects.filter(integration=slug, attention="healthy").order_by("remote_id")
    account = next(one for one in accounts if not any(":" in tag and "case" in tag for tag in one.tags))

    agent = make.agent()
    desk = client_of(agent)
    draft = opened(desk, account, action)
    seen = operations.preview(draft, values, frozenset())
    assert seen.plan is not None
    result = operations.start(draft, values, {}, digest=seen.plan.digest, actor=agent)
    assert isinstance(result, Started), result
    make.settled(draft)
    pages = [desk.get(f"/operations/{draft.pk}/"), desk.get(f"/linked-accounts/{account.pk}/?tab=calls")]
    call = ApiCall.objects.filter(operation=draft).exclude(method="GET").latest("at")
    pages.append(desk.get(f"/calls/{call.pk}/code/"))

    draft.refresh_from_db()
    assert draft.state == State.DONE
    tokens = tokens_of(remote, slug)
    assert bool(tokens) == (way in ("linkar by OAuth2", "moneykit by token"))
    kept = {f"page {number}": page.content for number, page in enumerate(pages)}
    kept |= {"log": (caplog.text + repr([record.__dict__ for record in caplog.records])).encode()}
    kept |= database_as_bytes() | sessions_as_text()
    secrets = [*(remote.environment[name] for name in KEYS[slug]), *tokens]
    assert places_with(secrets, kept) == []
