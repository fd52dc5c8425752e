"""One fresh look at one account, because somebody is looking at it."""

from __future__ import annotations

from ..models import LinkedAccount
from ..registry import UnknownIntegration, provider_for
from .evidence import read_back
from .mirror import note_unread


def look_at(account_id: str) -> bool:
    """Read the account from its provider and mirror it. False without a usable answer: then only the cause is kept."""
    account = LinkedAccount.objects.filter(pk=account_id, gone_at=None).first()
    if account is None:
        return False
    try:
        provider = provider_for(account.integration, account=account)
    except UnknownIntegration:
        return False
    reading = read_back(provider, account.remote_id)
    if reading.failure is not None:
        note_unread(account, reading.failure)
        return False
    reading.store(account)
    return True
