"""The forms around a second person: why it is asked for, what is answered, and which requests to look for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dashboard.models.approval import MIN_GLASS_CHARS, ApprovalState

from .filters import SearchField
from .provider_form import refuse_nul

MAX_REASON_CHARS = 1_000
MAX_TICKET_CHARS = 100
# Not states of their own: what one person did alone is marked.
ALONE = "alone"


def _line(label: str, *, required: bool, max_length: int, help_text: str = "", wanted: str = "") -> forms.CharField:
    """Return a text field of one line; NUL is refused in words."""
    field = forms.CharField(
        label=label,
        required=required,
        max_length=max_length,
        help_text=help_text,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": wanted},
    )
    field.validators = [each for each in field.validators if "Null" not in type(each).__name__]
    field.validators.append(refuse_nul)
    return field


class AskForm(forms.Form):
    """Why a second person should agree."""

    reason = _line(
        "Reason",
        required=True,
        max_length=MAX_REASON_CHARS,
        help_text="The second person reads it, and it is kept in the audit log.",
        wanted="Say why: the second person decides by it.",
    )
    ticket = _line("Ticket", required=False, max_length=MAX_TICKET_CHARS)


class NoteForm(forms.Form):
    """What the approver wants to say; a refusal says why."""

    note = _line("Note", required=False, max_length=MAX_REASON_CHARS, wanted="Say why, so that it can be put right.")

    def __init__(self, *args: Any, is_refusal: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = is_refusal


class AloneForm(forms.Form):
    """Why one person goes on alone. Both are asked for: a slip of the hand must not do it."""

    reason = _line(
        "Why nobody can be asked",
        required=True,
        max_length=MAX_REASON_CHARS,
        help_text=f"At least {MIN_GLASS_CHARS} characters. Whoever reviews this reads it.",
        wanted="Say why nobody can be asked.",
    )
    is_sure = forms.BooleanField(
        label="I tried to reach an approver, and this cannot wait",
        error_messages={"required": "Tick this only if it is so. Nothing was done."},
    )

    def clean_reason(self) -> str:
        reason = str(self.cleaned_data["reason"]).strip()
        if len(reason) < MIN_GLASS_CHARS:
            raise ValidationError(f"This is too short: at least {MIN_GLASS_CHARS} characters. Nothing was done.")
        return reason


class ApprovalFilter(forms.Form):
    """Which requests to show."""

    q = SearchField(label="Text")
    state = forms.ChoiceField(
        required=False,
        label="State",
        choices=[("", "Any"), *ApprovalState.choices, (ALONE, "Done by one person alone")],
    )
