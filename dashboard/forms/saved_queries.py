"""The forms of a kept query: its name, and whether others see it."""

from __future__ import annotations

from django import forms

from dashboard.query_text import visible

from .filters import AuditQueryField


class RenameQueryForm(forms.Form):
    name = forms.CharField(max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}))
    is_shared = forms.BooleanField(required=False, label="Share with everybody who reads the log")

    def clean_name(self) -> str:
        name = visible(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError("Type at least one character that can be seen.")
        return name


class SavedQueryForm(RenameQueryForm):
    text = AuditQueryField(label="Query", required=True)

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if not text:
            raise forms.ValidationError("Search for something first: an empty query is the whole log.")
        return text
