"""The filters of the lists: whatever stands in the URL is checked here, and a wrong value is named and left aside."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

from django import forms
from django.utils import timezone

from dashboard import audit_query, registry, status
from dashboard.models.audit import Kind
from dashboard.query_text import MAX_QUERY_CHARACTERS, QueryTooLong, clean
from providers.attention import Attention

TOO_LONG = (
    f"This is longer than {MAX_QUERY_CHARACTERS} characters, so it was not searched for. "
    "Paste one e-mail address, name or id."
)

# Every order of the list (`services/account_list.py`) in words; the empty choice is the default.
SORT_WORDS = {
    "customer": "Customer, A to Z",
    "-customer": "Customer, Z to A",
    "institution": "Account, A to Z",
    "-institution": "Account, Z to A",
    "-since": "Status, newest first",
    "since": "Status, oldest first",
    "-success": "Last success, newest first",
    "success": "Last success, oldest first",
    "-changed": "Changes, latest first",
    "changed": "Changes, oldest first",
}


class SearchField(forms.CharField):
    """Free text, without what cannot be seen in it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        # Django refuses NUL; in a search it is just not there.
        self.validators = []

    def clean(self, value: Any) -> str:
        try:
            return clean(str(value or ""))
        except QueryTooLong:
            raise forms.ValidationError(TOO_LONG) from None


class AuditQueryField(forms.CharField):
    """A query of the audit log; what cannot be understood of it is named."""

    def __init__(self, *, required: bool = False, **kwargs: Any) -> None:
        super().__init__(required=required, **kwargs)
        self.validators = []

    def clean(self, value: Any) -> str:
        query = audit_query.parse(str(value or ""), now=timezone.localtime())
        if query.mistakes:
            raise forms.ValidationError(list(query.mistakes))
        return query.text


class LinkedAccountFilter(forms.Form):
    """The view of the list. Its choices come from the settings and the institutions we know."""

    q = SearchField()
    attention = forms.ChoiceField(required=False)
    integration = forms.ChoiceField(required=False, label="Provider")
    institution = forms.ChoiceField(required=False, label="Institution or type")
    fresh = forms.ChoiceField(
        required=False,
        label="Freshness",
        choices=[
            ("", "Any"),
            ("fresh", "Checked recently"),
            ("stale", "Stale"),
            ("expiring", "Expires soon"),
            ("expired", "Expired"),
        ],
    )
    customer = forms.ChoiceField(
        required=False, choices=[("", "Any"), ("has", "With a customer"), ("none", "Without a customer")]
    )
    ended = forms.BooleanField(required=False, label="Show ended")
    sort = forms.ChoiceField(required=False, label="Order", choices=[("", "Latest changes first"), *SORT_WORDS.items()])

    def __init__(self, *args: Any, institutions: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "attention", [("", "Any"), *((a.value, shown.word) for a, shown in status.STATUS.items())])
        providers = [(name, _integration_words(name)) for name in registry.integrations()]
        _offer(self, "integration", [("", "Any"), *providers])
        _offer(self, "institution", [("", "Any"), *_distinct(institutions)])
        if self.data.get("q"):
            _offer(self, "sort", [("", "Grouped by customer"), *SORT_WORDS.items()])

    def chosen(self) -> dict[str, Any]:
        """Return what was understood and is not empty; call after `is_valid`."""
        return {name: value for name, value in self.cleaned_data.items() if value}

    def words_of(self, name: str) -> str:
        """Return a filter and its value as a person reads them."""
        value = self.cleaned_data.get(name, "")
        match name:
            case "q":
                return f"Search “{value}”"
            case "attention":
                return status.STATUS[Attention(value)].word
            case "ended":
                return "Ended ones hidden"
            case _:
                choices = cast(list[tuple[str, str]], self.fields[name].widget.choices)
                chosen = dict(choices).get(value, value)
                return f"{self.fields[name].label or name.title()}: {chosen}"


class AuditFilter(forms.Form):
    """The view of the audit log."""

    q = AuditQueryField(label="Query")
    kind = forms.ChoiceField(required=False, choices=[("", "Any"), *Kind.choices])
    action = forms.ChoiceField(required=False)
    actor = SearchField(label="Actor")
    target = SearchField(label="Target")
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, actions: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, "action", [("", "Any"), *((action, action) for action in actions)])


class CustomerFilter(forms.Form):
    q = SearchField()


def _offer(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    cast(forms.ChoiceField, form.fields[name]).choices = choices


def _integration_words(name: str) -> str:
    provider = registry.integrations()[name].provider.name
    return provider if name == provider.casefold() else f"{provider} ({name})"


def _distinct(choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return a choice a key; where several have one name (a bank in three countries), the key tells them apart."""
    titles = {key: title or key for key, title in choices if key}
    times = Counter(titles.values())
    return [(key, title if times[title] == 1 else f"{title} ({key})") for key, title in titles.items()]
