"""The repair link: a page of Belvo's where the customer signs in themselves. Form and plan, pure."""

from __future__ import annotations

from collections.abc import Mapping

from ..answers import Schema, Snapshot
from ..fields import AuditClass, Choice, Field, FieldKind, FieldValue
from ..plan import CallTemplate, Change, Plan, placeholder
from .plan_parts import down_warning, rests_on
from .snapshots import institution_of, is_open_finance

LOCALES = {"es": "Spanish", "pt": "Portuguese", "en": "English"}
UPDATE_SCOPES = "read_institutions,write_links,read_links"


def repair_link_fields(schema: Schema | None) -> tuple[Field, ...]:
    """Return the language of Belvo's widget. Source: Belvo “Hosted Widget Update Mode”: `locale=es|pt|…`."""
    return (
        Field(
            "locale",
            "Language of the page",
            FieldKind.SELECT,
            required=True,
            choices=tuple(Choice(value, label) for value, label in LOCALES.items()),
            initial=default_locale(schema),
            help="The customer sees Belvo's page in this language.",
            audit=AuditClass.PUBLIC,
        ),
    )


def plan_repair_link(base: Snapshot, values: Mapping[str, FieldValue], schema: Schema | None) -> Plan:
    """Plan a widget token in update mode. Source: Belvo “Hosted Widget Update Mode”; the OAS body lacks `link_id`."""
    chosen = values.get("locale")
    locale = chosen if isinstance(chosen, str) and chosen in LOCALES else default_locale(schema)
    warnings = [
        "Anyone who has the link can sign in to this customer's institution with it: send it to the customer only."
    ]
    if is_open_finance(schema):
        warnings.append(
            "Belvo describes this page for links with a password. If it does not offer the consent, ask the "
            "customer to renew "
            "it in My Belvo Portal."
        )
    return Plan(
        action="repair_link",
        remote_id=base.remote_id,
        summary="Make a link where the customer signs in themselves",
        changes=(
            Change("repair_link", "Repair link", None, "works once, for 10 minutes", audit=AuditClass.PUBLIC),
            Change("locale", "Language of the page", None, locale, audit=AuditClass.PUBLIC),
        ),
        call=CallTemplate(
            "POST",
            "/api/token/",
            {
                "id": placeholder("SECRET_ID"),
                "password": placeholder("SECRET_PASSWORD"),
                "scopes": UPDATE_SCOPES,
                "link_id": base.remote_id,
            },
        ),
        base_digest=rests_on(base),
        warnings=(*down_warning(base, schema), *warnings),
    )


def default_locale(schema: Schema | None) -> str:
    """Return the language of the institution's country: Portuguese for Brazil, else Spanish."""
    return "pt" if "BR" in institution_of(schema).country_codes else "es"
