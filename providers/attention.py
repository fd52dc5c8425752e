"""Who must act on an account: one closed vocabulary for every provider."""

from __future__ import annotations

from enum import StrEnum


class Attention(StrEnum):
    """The badge of an account. Words, icons and primary buttons are the dashboard's (`dashboard/status.py`)."""

    HEALTHY = "healthy"
    NEEDS_CODE = "needs_code"
    NEEDS_PASSWORD = "needs_password"  # noqa: S105 - a state, not a password
    NEEDS_RECONNECT = "needs_reconnect"
    CUSTOMER_AT_INSTITUTION = "customer_at_institution"
    INSTITUTION_DOWN = "institution_down"
    PROVIDER_TROUBLE = "provider_trouble"
    OUR_KEYS = "our_keys"
    INCOMPLETE = "incomplete"
    CONFLICT = "conflict"
    ENDED = "ended"
    UNKNOWN = "unknown"


class Who(StrEnum):
    """Who has to do something before a failure goes away."""

    CUSTOMER = "customer"
    AGENT = "agent"
    INSTITUTION = "institution"
    PROVIDER = "provider"
    ADMIN = "admin"
