"""What to export: the filters of the log, a range of time, and the form of the file."""

from __future__ import annotations

from typing import Any

from django import forms

from dashboard.models import AuditExport

from .filters import AuditFilter


class AuditExportForm(AuditFilter):
    """The filters of the page, checked strictly: a value that cannot be read is refused, or more would be exported."""

    form = forms.ChoiceField(label="Form", choices=AuditExport.Form.choices, initial=AuditExport.Form.BUNDLE)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            raise forms.ValidationError(f"{since} is after {until}: no entry is of that time.")
        return cleaned

    def chosen(self) -> dict[str, str]:
        """Return the filters as text, for the row; call after `is_valid`."""
        names = [name for name in self.fields if name != "form"]
        return {name: str(self.cleaned_data[name]) for name in names if self.cleaned_data.get(name)}
