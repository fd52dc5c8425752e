"""The view of the reviewer's queue, and a decision on an entry."""

from __future__ import annotations

from typing import Any

from django import forms

from dashboard.models.audit_review import MAX_COMMENT_CHARS, ReviewState


class AuditReviewFilter(forms.Form):
    """Its choices of a rule come from the table of rules."""

    state = forms.ChoiceField(required=False, choices=[*ReviewState.choices, ("all", "All")])
    rule = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, rules: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rule"].choices = [("", "Any"), *rules]  # type: ignore[attr-defined]

    def chosen(self) -> tuple[str, str]:
        """Return state and rule, what cannot be read left aside; call after `is_valid`."""
        return self.cleaned_data.get("state") or ReviewState.OPEN, self.cleaned_data.get("rule") or ""


class AuditReviewForm(forms.Form):
    verdict = forms.ChoiceField(choices=ReviewState.choices[1:])
    comment = forms.CharField(required=False, max_length=MAX_COMMENT_CHARS)
    decisions = forms.IntegerField(min_value=0, max_value=2**31)
