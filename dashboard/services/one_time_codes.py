"""Codes of an authenticator app and recovery codes: each works once, however often and wherever it is sent."""

from __future__ import annotations

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from django.db import transaction

from ..models.sign_in import LastStep, SpentRecoveryCode


def spend(authenticator: Authenticator, code: str) -> bool:
    """Say whether the code is right, and use it up."""
    match authenticator.type:
        case Authenticator.Type.TOTP:
            step = step_of(decrypt(authenticator.data["secret"]), code)
            return step is not None and spend_step(authenticator.user_id, step)
        case Authenticator.Type.RECOVERY_CODES:
            return _spend_recovery_code(authenticator, code)
        case _:
            return False


def step_of(seed: str, code: str) -> int | None:
    """Return the 30-second step whose code this is, if it is one of now."""
    for step in yield_hotp_counters_from_time():
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(seed, step))):
            return int(step)
    return None


def spend_step(user_id: int, step: int) -> bool:
    """Move the person's last step forward to this one, or say that it was there already."""
    LastStep.objects.bulk_create([LastStep(user_id=user_id, step=0)], ignore_conflicts=True)
    return LastStep.objects.filter(user_id=user_id, step__lt=step).update(step=step) == 1


def _spend_recovery_code(authenticator: Authenticator, code: str) -> bool:
    numbers = [
        number
        for number, known in enumerate(RecoveryCodes(authenticator).generate_codes())
        if compare_user_code(actual=code, expected=known)
    ]
    return any(_spend_number(authenticator, number) for number in numbers)


@transaction.atomic
def _spend_number(authenticator: Authenticator, number: int) -> bool:
    # Two at the same time: the constraint refuses one of them, and it finds the other's row.
    _, is_new = SpentRecoveryCode.objects.get_or_create(authenticator=authenticator, number=number)
    if is_new:
        locked = Authenticator.objects.select_for_update().get(pk=authenticator.pk)
        # allauth's own note of the same, for its list of codes that are left.
        locked.data["used_mask"] |= 1 << number
        locked.save(update_fields=["data"])
    return is_new
