"""The consents of the emulator: one for each open finance link."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from . import sandbox_samples
from .sandbox_dates import stamp

if TYPE_CHECKING:
    from .sandbox_world import World

Json = dict[str, Any]
_STATUSES = ("AUTHORISED", "AUTHORISED", "EXPIRED", "AWAITING_AUTHORISATION", "REJECTED", None)
_PERMISSIONS: Json = {
    "ACCOUNTS": [
        "ACCOUNTS_READ",
        "ACCOUNTS_BALANCES_READ",
        "ACCOUNTS_TRANSACTIONS_READ",
        "ACCOUNTS_OVERDRAFT_LIMITS_READ",
    ],
    "CREDIT_CARDS": ["CREDIT_CARDS_ACCOUNTS_READ", "CREDIT_CARDS_ACCOUNTS_BILLS_READ"],
    "CREDIT_OPERATIONS": ["LOANS_READ", "FINANCINGS_READ"],
    "REGISTER": ["CUSTOMERS_PERSONAL_IDENTIFICATIONS_READ"],
    "RESOURCES": ["RESOURCES_READ"],
    "INVESTMENTS": [],
}


def add_consents(world: World, now: datetime) -> None:
    """Give every open finance link a consent: authorised, over, waiting, refused, or without a status."""
    linked = [link for link in world.links.values() if world.institution_of(link).is_openfinance]
    for number, link in enumerate(linked):
        bank = world.institution_of(link)
        is_sample = link.document == sandbox_samples.CPF
        status = _STATUSES[number % len(_STATUSES)]
        is_endless = number % 4 == 3
        days = -9 if status == "EXPIRED" else 20 + 31 * (number % 9)
        consent_id = sandbox_samples.CONSENT_ID if is_sample else world.new_id()
        world.consents[consent_id] = {
            "id": consent_id,
            "display_name": "Marina Teste de Souza" if is_sample else f"Titular de Teste {number}",
            "document_number": link.document,
            "belvo_institution_name": bank.name,
            "institution_display_name": bank.body["display_name"],
            "institution_icon_logo": bank.body["icon_logo"],
            "belvo_organization_name": "ACME Corporation",
            "link_id": link.id,
            "user_name": "Marina Teste" if is_sample else f"Titular {number}",
            "expired_at": None if is_endless else stamp(now + timedelta(days=days)),
            "undefined_consent_expiration": is_endless,
            "consent_duration": None if is_endless else 366,
            "created_at": stamp(now - timedelta(days=90)),
            "status": status,
            "permissions": _PERMISSIONS,
        }
