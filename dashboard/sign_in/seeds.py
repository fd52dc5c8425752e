"""Seeds of authenticator apps and recovery codes rest encrypted, and open only for the person they were made for."""

from __future__ import annotations

import base64
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.db.models.signals import post_init, pre_save
from django.dispatch import receiver

from dashboard.crypto import CannotUnseal, seal, unseal

_TABLE = "mfa_authenticator"
_FIELDS = ("secret", "seed")


class Sealed(str):
    """A seed as it rests in the database; it knows where it belongs, so that a copied row opens for nobody else."""

    __slots__ = ("field", "owner")
    field: str
    owner: str

    def __new__(cls, text: str, *, field: str, owner: int) -> Sealed:
        sealed = super().__new__(cls, text)
        sealed.field, sealed.owner = field, str(owner)
        return sealed


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """What allauth asks us about second factors."""

    def get_totp_issuer(self) -> str:
        return "Linkdesk"

    def _get_site_name(self) -> str:
        return "Linkdesk"

    def decrypt(self, encrypted_text: str) -> str:
        if not isinstance(encrypted_text, Sealed):
            raise CannotUnseal("a seed that rests in clear is not used")
        raw = base64.b64decode(str(encrypted_text))
        return unseal(raw, table=_TABLE, field=encrypted_text.field, row=encrypted_text.owner).decode()


@receiver(post_init, sender=Authenticator, dispatch_uid="know_where_seeds_belong")
def know_where_seeds_belong(instance: Authenticator, **kwargs: Any) -> None:
    """Mark what came from the database with the row it was found in; what is new has no key yet, and is in clear."""
    if instance.pk is None or "data" not in instance.__dict__:
        return
    for field in _FIELDS:
        if field in (instance.data or {}):
            instance.data[field] = Sealed(instance.data[field], field=field, owner=instance.user_id)


@receiver(pre_save, sender=Authenticator, dispatch_uid="seal_seeds")
def seal_seeds(instance: Authenticator, **kwargs: Any) -> None:
    for field in _FIELDS:
        seed = instance.data.get(field)
        if seed is not None and not isinstance(seed, Sealed):
            raw = seal(seed.encode(), table=_TABLE, field=field, row=str(instance.user_id))
            text = base64.b64encode(raw).decode()
            instance.data[field] = Sealed(text, field=field, owner=instance.user_id)
