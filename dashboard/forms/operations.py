"""The forms that every provider shares: the code of a challenge, and the typed name before something dangerous."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from providers.answers import Challenge
from providers.secrets import Secret

from .provider_form import refuse_nul
from .widgets import VisibleSecretInput

MAX_CODE_CHARACTERS = 256


class CodeForm(forms.Form):
    """What the customer reads out. Where the challenge expects no input, it is valid without one."""

    code = forms.CharField(label="Code", required=False)

    def __init__(self, *args: Any, challenge: Challenge, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.challenge = challenge
        attrs = {"autocomplete": "one-time-code", "spellcheck": "false", "autocapitalize": "off"}
        if challenge.kind == "numeric":
            attrs["inputmode"] = "numeric"
        self.fields["code"].widget = VisibleSecretInput(attrs=attrs)
        self.fields["code"].validators = []

    def __repr__(self) -> str:
        return "<CodeForm>"

    def clean_code(self) -> Secret | None:
        """Return the code without the blanks people read in; digits only where the challenge is numeric."""
        code = str(self.cleaned_data["code"])
        if not self.challenge.expects_input:
            return None
        if not code:
            raise ValidationError("Type the code that the customer reads to you.")
        if len(code) > MAX_CODE_CHARACTERS:
            raise ValidationError(f"A code has at most {MAX_CODE_CHARACTERS} characters.")
        refuse_nul(code)
        if self.challenge.kind != "numeric":
            return Secret(code)
        digits = re.sub(r"[\s-]", "", code)
        if not re.fullmatch(r"[0-9]+", digits):
            raise ValidationError("Use digits only.")
        return Secret(digits)


class ConfirmForm(forms.Form):
    """The typed name of what will be lost, and why, for the audit log."""

    confirm_name = forms.CharField(
        label="Type the name to confirm", widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    reason = forms.CharField(
        label="Reason", required=False, max_length=500, help_text="Kept in the audit log.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name
        self.fields["confirm_name"].label = f"Type “{name}” to confirm"
        self.fields["confirm_name"].error_messages["required"] = "The name is needed."

    def clean_confirm_name(self) -> str:
        typed = " ".join(str(self.cleaned_data["confirm_name"]).split())
        if typed != " ".join(self.name.split()):
            raise ValidationError("This is not the name. Nothing was sent.")
        return typed
