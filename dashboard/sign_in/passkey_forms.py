"""The form that adds a passkey. It is always one to sign in with: two kinds would be one too many to explain."""

from __future__ import annotations

from allauth.mfa.webauthn.forms import _BaseAddWebAuthnForm
from django import forms


class AddPasskeyForm(_BaseAddWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(max_length=60, required=False)
