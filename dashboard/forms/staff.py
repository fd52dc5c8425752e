"""The forms of the staff pages: who, which roles, why; and the password of an invited person."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError

from dashboard.models import User
from dashboard.query_text import visible
from dashboard.roles import ROLES

from .filters import SearchField

_ROLES = [(name, name.title()) for name in ROLES]
_QUIET = {"autocomplete": "off"}


class StaffFilter(forms.Form):
    q = SearchField()


class RolesForm(forms.Form):
    """Which roles a person shall have, and why that is right."""

    roles = forms.MultipleChoiceField(
        choices=_ROLES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What each may do stands in the table below.",
    )
    reason = forms.CharField(
        max_length=500, widget=forms.TextInput(attrs=_QUIET), help_text="Kept in the audit log.",
        error_messages={"required": "Say why: whoever looks at this later will ask."},
    )  # fmt: skip
    ticket = forms.CharField(max_length=100, required=False, widget=forms.TextInput(attrs=_QUIET))


class InviteForm(RolesForm):
    email = forms.EmailField(label="E-mail address", max_length=254, widget=forms.EmailInput(attrs=_QUIET))
    name = forms.CharField(max_length=150, widget=forms.TextInput(attrs={**_QUIET, "dir": "auto"}))
    field_order = ("name", "email", "roles", "reason", "ticket")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].required = True
        self.fields["roles"].error_messages["required"] = "Choose one or more: without a role there is nothing to see."

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def clean_name(self) -> str:
        name = visible(str(self.cleaned_data["name"]))
        if not name:
            raise ValidationError("Give the name by which colleagues know this person.")
        return name


class FirstPasswordForm(forms.Form):
    """A password chosen by its owner, typed twice; never filled in again."""

    password1 = forms.CharField(
        label="Password",
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label="The same once more",
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.fields["password1"].help_text = " ".join(password_validators_help_texts())

    def clean_password1(self) -> str:
        password = str(self.cleaned_data["password1"])
        validate_password(password, self.person)
        return password

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, second = cleaned.get("password1"), cleaned.get("password2")
        if first and second and first != second:
            self.add_error("password2", "This is not the same password.")
        return cleaned
