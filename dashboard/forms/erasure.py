"""The form before a customer is erased: the reference typed once more, and why."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dashboard.models.erased_customer import MIN_REASON_CHARS

from .approvals import MAX_TICKET_CHARS
from .provider_form import refuse_nul

MAX_REASON_CHARS = 1_000
_QUIET = {"autocomplete": "off", "spellcheck": "false"}


class EraseForm(forms.Form):
    """What is typed into `reason` and `ticket` stays in the log for ever; that it names nobody, the service looks."""

    confirm_name = forms.CharField(
        max_length=256, widget=forms.TextInput(attrs={**_QUIET, "dir": "auto"}),
        error_messages={"required": "The reference is needed."},
    )  # fmt: skip
    reason = forms.CharField(
        max_length=MAX_REASON_CHARS, widget=forms.TextInput(attrs=_QUIET),
        help_text=f"At least {MIN_REASON_CHARS} characters, without the name: the audit log keeps it for ever.",
        error_messages={"required": "Say why: whoever looks at this later will ask."},
    )  # fmt: skip
    ticket = forms.CharField(max_length=MAX_TICKET_CHARS, required=False, widget=forms.TextInput(attrs=_QUIET))

    def __init__(self, *args: Any, reference: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reference = reference
        self.fields["confirm_name"].label = f"Type the reference “{reference}” to confirm"
        for field in self.fields.values():
            field.validators = [each for each in field.validators if "Null" not in type(each).__name__]
            field.validators.append(refuse_nul)

    def clean_confirm_name(self) -> str:
        typed = " ".join(str(self.cleaned_data["confirm_name"]).split())
        if typed != " ".join(self.reference.split()):
            raise ValidationError("This is not the reference. Nothing was erased.")
        return typed

    def clean_reason(self) -> str:
        reason = str(self.cleaned_data["reason"]).strip()
        if len(reason) < MIN_REASON_CHARS:
            raise ValidationError(f"This is too short: at least {MIN_REASON_CHARS} characters.")
        return reason
