"""A person's consents: the form, the plan, and the table without their name and document number."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..answers import LookupTable, Snapshot
from ..fields import AuditClass, Field, FieldKind
from ..plan import CallTemplate, Plan, placeholder
from .client import CONSENTS_PER_PAGE
from .payloads import ConsentPayload, PagePayload, read
from .plan_parts import rests_on, secret_change

COLUMNS = ("Link", "Institution", "Status", "Given", "Expires", "Duration", "Shares")


def consents_fields() -> tuple[Field, ...]:
    """Return the document number that Belvo demands. Source: OAS 1.223.0, GET /api/consents/: 11 to 14 characters."""
    return (
        Field(
            "user_document",
            "Customer's document number (CPF or CNPJ)",
            FieldKind.TEXT,
            required=True,
            secret=True,
            help="Digits only. Belvo finds consents by it; it is not kept anywhere in Linkdesk.",
            pattern=r"^[0-9.\-/ ]{11,20}$",
            pattern_message="11 digits for a person, 14 for a company.",
            max_length=20,
            audit=AuditClass.NEVER,
        ),
    )


def plan_consents(base: Snapshot, given_secrets: frozenset[str]) -> Plan:
    """Plan the lookup of a person's consents; without the document number it is empty."""
    (field,) = consents_fields()
    given = field.name in given_secrets
    return Plan(
        action="consents",
        remote_id=base.remote_id,
        summary="Look up the customer's consents at Belvo",
        changes=(secret_change(field),) if given else (),
        call=CallTemplate(
            "GET",
            "/api/consents/",
            {field.name: placeholder(field.name), "page_size": CONSENTS_PER_PAGE} if given else {},
        ),
        base_digest=rests_on(base),
        secret_names=(field.name,) if given else (),
    )


def consent_table(page: PagePayload, *, remote_id: str) -> LookupTable:
    """Return the consents of one person, those of the link first. Source: OAS 1.223.0, GET /api/consents/."""
    consents = sorted(
        (read(ConsentPayload, raw) for raw in page.results), key=lambda consent: consent.link_id != remote_id
    )
    here = sum(consent.link_id == remote_id for consent in consents)
    return LookupTable(COLUMNS, tuple(_row(consent, remote_id) for consent in consents), _note(len(consents), here))


def _row(consent: ConsentPayload, remote_id: str) -> tuple[str, ...]:
    return (
        "this link" if consent.link_id == remote_id else "another link",
        consent.institution_display_name or consent.belvo_institution_name or "not named",
        _STATUS.get(consent.status, consent.status or "not given"),
        _shown(consent.created_at),
        "no end" if consent.undefined_consent_expiration else _shown(consent.expired_at),
        f"{consent.consent_duration} days" if consent.consent_duration else "not given",
        ", ".join(_granted(consent.permissions)) or "nothing",
    )


def _granted(permissions: dict[str, Any]) -> list[str]:
    return [str(name).replace("_", " ").lower() for name, rights in permissions.items() if rights]


def _shown(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC") if moment else "not given"


def _note(total: int, here: int) -> str:
    if not total:
        return "Belvo knows no consent under this document number."
    if not here:
        return "None of these consents is for this link: the number may belong to another person."
    return "Only the customer can renew or end a consent."


_STATUS = {
    "AUTHORISED": "given",
    "AWAITING_AUTHORISATION": "waits for the customer",
    "AWAITING_AUTHORISATION_CONFIRMATION": "waits for the bank's confirmation",
    "REJECTED": "rejected",
    "EXPIRED": "over",
}
