"""How an account's state is shown: word, icon and tone for who must act; word and tone for how fresh it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.utils import timezone

from providers.attention import Attention

# A sync looks at everything several times an hour; what was not seen for this long is old news.
STALE_AFTER = timedelta(hours=2)
EXPIRY_SHOWN_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Presentation:
    word: str
    icon: str
    tone: str


# In the order of the counts above the list: what an agent can repair first.
STATUS: dict[Attention, Presentation] = {
    Attention.NEEDS_CODE: Presentation("Needs code", "device-mobile-message", "warn"),
    Attention.NEEDS_PASSWORD: Presentation("Needs password", "lock", "bad"),
    Attention.NEEDS_RECONNECT: Presentation("Needs reconnect", "plug-connected-x", "bad"),
    Attention.CUSTOMER_AT_INSTITUTION: Presentation("Customer must act at the institution", "user-exclamation", "warn"),
    Attention.CONFLICT: Presentation("Conflict", "git-merge", "warn"),
    Attention.OUR_KEYS: Presentation("Our keys", "key", "bad"),
    Attention.INSTITUTION_DOWN: Presentation("Institution down", "building-bank", "info"),
    Attention.PROVIDER_TROUBLE: Presentation("Provider trouble", "server-off", "info"),
    Attention.INCOMPLETE: Presentation("Incomplete", "hourglass", "mute"),
    Attention.UNKNOWN: Presentation("Unknown", "help-circle", "mute"),
    Attention.HEALTHY: Presentation("Healthy", "circle-check", "ok"),
    Attention.ENDED: Presentation("Ended", "circle-x", "mute"),
}


def presentation_of(attention: str) -> Presentation:
    """Return how an attention is shown; a word that is not in the vocabulary is shown as unknown."""
    try:
        return STATUS[Attention(attention)]
    except ValueError:
        return STATUS[Attention.UNKNOWN]


class Dated(Protocol):
    """What freshness is told from; a linked account is one."""

    checked_at: datetime | None
    stale_at: datetime | None
    expires_at: datetime | None
    gone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Freshness:
    word: str
    tone: str


def freshness(account: Dated, now: datetime) -> Freshness:
    """Say how old what we show is; an expiry that is near comes first, because it cannot be repaired afterwards."""
    if account.gone_at is not None:
        return Freshness(f"ended {relative(account.gone_at, now)}", "mute")
    if account.expires_at is not None and account.expires_at - now < EXPIRY_SHOWN_BEFORE:
        if account.expires_at <= now:
            return Freshness(f"expired {relative(account.expires_at, now)}", "bad")
        return Freshness(f"expires {relative(account.expires_at, now)}", "warn")
    if account.checked_at is None:
        return Freshness("never checked", "mute")
    if account.stale_at is not None or now - account.checked_at > STALE_AFTER:
        return Freshness(f"stale: {_length(now - account.checked_at)}", "warn")
    return Freshness(f"checked {relative(account.checked_at, now)}", "mute")


def exact(moment: datetime | None) -> str:
    """Write a moment to the second, with its zone; "" where there is none."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    return f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"


def relative(moment: datetime, now: datetime) -> str:
    """Return the distance in words: "just now", "2 min ago", "in 9 days"; after four weeks the date."""
    distance = now - moment
    if abs(distance) < timedelta(seconds=45):
        return "just now"
    if abs(distance) > timedelta(days=28):
        return f"{moment.day} {moment:%b %Y}"
    return f"in {_length(-distance)}" if distance < timedelta(0) else f"{_length(distance)} ago"


def _length(duration: timedelta) -> str:
    seconds = max(0, round(duration.total_seconds()))
    if seconds < 3_600:
        return f"{max(1, round(seconds / 60))} min"
    if seconds < 36 * 3_600:
        return f"{round(seconds / 3_600)} h"
    return f"{round(seconds / 86_400)} days"
