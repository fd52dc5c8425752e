"""What the detail page shows of a link, in order."""

from __future__ import annotations

from ..answers import Fact, Schema, Snapshot
from .snapshots import institution_of, institution_title, link_of


def facts(snapshot: Snapshot, schema: Schema | None) -> tuple[Fact, ...]:
    """Return the facts; what Belvo did not say has no value."""
    link = link_of(snapshot)
    institution = institution_of(schema)
    ids = "Ids"
    return (
        Fact("Institution", institution_title(snapshot, schema)),
        Fact("Country", ", ".join(institution.country_codes) or None),
        Fact("Kind", institution.type or None),
        Fact("Sign-in", _SIGN_IN.get(institution.integration_type, institution.integration_type) or None),
        Fact("Status at Belvo", snapshot.status or None, "code"),
        Fact("Access mode", link.access_mode or None),
        Fact("Refresh rate", link.refresh_rate or ("only on request" if link.access_mode == "single" else None)),
        Fact("Last success", snapshot.last_success_at, "time"),
        Fact("Created", snapshot.created_at, "time"),
        Fact("Keeps data for", link.stale_in or None),
        Fact("Keeps credentials", link.credentials_storage or None),
        Fact("Resources", link.fetch_resources or None, "list"),
        Fact("External id", snapshot.external_id or None, "code", ids),
        Fact("Link id", snapshot.remote_id, "code", ids),
        Fact("Institution name", snapshot.schema_key or None, "code", ids),
        Fact("Institution user id", link.institution_user_id or None, "code", ids),
        Fact("Created by (Belvo user)", link.created_by or None, "code", ids),
    )


_SIGN_IN = {
    "credentials": "Password",
    "openfinance": "Consent (open finance)",
    "openbanking": "Consent (open finance)",
}
