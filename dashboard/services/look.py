"""One fresh look at one account, because somebody is looking at it."""

from __future__ import annotations

from providers.outcomes import Failure

from ..models import LinkedAccount
from ..registry import UnknownIntegration, provider_for
from .attention import A_READ
from .evidence import read_back
from .mirror import note_cause


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
        _note(account, reading.failure)
        return False
    reading.store(account)
    return True


def _note(account: LinkedAccount, failure: Failure) -> None:
    """Show why nothing could be read; a refusal of something that was sent says more, and stays."""
    if account.cause_evidence.get("action") in (None, A_READ):
        note_cause(account, failure, action=A_READ)
