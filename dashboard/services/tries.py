"""How often a password or a code may be tried: counted before it is looked at, by one statement in the database.

So twenty processes that try at the same time have no more tries together than one has alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from ..models.sign_in import Tries

# The longest of the limits below; what is older counts for nothing.
_FORGOTTEN_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries, each within `within` of the one before; then none until that long after the last."""

    name: str
    tries: int
    within: timedelta


# Of one account, and of one network address: nobody gets five tries at each of a thousand accounts.
PASSWORD = Limit("password", 5, timedelta(minutes=5))
CODE = Limit("code", 5, timedelta(minutes=5))
ADDRESS = Limit("address", 10, timedelta(minutes=1))


def take(limit: Limit, subject: str) -> bool:
    """Count a try and say whether it may be made."""
    now = timezone.now()
    key = _key(limit, subject)
    Tries.objects.bulk_create([Tries(subject=key, count=0, last_at=now)], ignore_conflicts=True)
    row = Tries.objects.filter(subject=key)
    # Both conditions are looked at once more where another process has changed the row meanwhile.
    if row.filter(last_at__lte=now - limit.within).update(count=1, last_at=now, is_told=False):
        return True
    return bool(row.filter(count__lt=limit.tries).update(count=F("count") + 1, last_at=now))


def give_back(limit: Limit, subject: str) -> None:
    """Take back one try: it was right. The others stay, or a right one now and then would hide all the wrong ones."""
    Tries.objects.filter(subject=_key(limit, subject), count__gt=0).update(count=F("count") - 1)


def must_be_told(limit: Limit, subject: str) -> bool:
    """Say whether nobody was told yet that the limit is reached; whoever asks first is to tell."""
    return bool(Tries.objects.filter(subject=_key(limit, subject), is_told=False).update(is_told=True))


def forget_old() -> int:
    return int(Tries.objects.filter(last_at__lt=timezone.now() - _FORGOTTEN_AFTER).delete()[0])


def _key(limit: Limit, subject: str) -> str:
    return salted_hmac(f"tries/{limit.name}", subject, algorithm="sha256").hexdigest()
