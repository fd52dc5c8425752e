"""The form of a customer: the shape of the values; whether a reference is free, the database says."""

from __future__ import annotations

from typing import Any

from django import forms

from dashboard.models import Customer
from dashboard.query_text import visible


class CustomerForm(forms.Form):
    """A plain form and not a model form: saving is the service's, with its audit entry."""

    reference = forms.CharField(
        max_length=256,
        help_text="What providers know the customer by (their external id). Accounts with it are matched at once.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "dir": "auto"}),
    )
    name = forms.CharField(
        max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"})
    )
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )

    @classmethod
    def of(cls, customer: Customer) -> CustomerForm:
        return cls(initial={name: getattr(customer, name) for name in ("reference", "name", "email")})

    def clean(self) -> dict[str, Any]:
        """Take out what cannot be seen: a mark that turns the direction of text must not end up in every list."""
        cleaned = super().clean() or {}
        cleaned = {name: visible(value) for name, value in cleaned.items()}
        if "reference" in cleaned and not cleaned["reference"]:
            self.add_error("reference", "Type at least one character that can be seen.")
        return cleaned
