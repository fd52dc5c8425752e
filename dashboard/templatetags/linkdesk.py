"""Template tags and filters of every page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboard import status
from dashboard.roles import role_of
from dashboard.status import exact

register = template.Library()
register.filter("exact", exact)

THEMES = ("system", "light", "dark")


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Draw a symbol of the sprite; without a label it is decoration and hidden from screen readers."""
    if label:
        return format_html(
            '<svg class="icon" width="18" height="18" role="img" aria-label="{}"><use href="{}#{}"></use></svg>',
            label,
            static("icons.svg"),
            name,
        )
    return format_html(
        '<svg class="icon" width="18" height="18" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static("icons.svg"),
        name,
    )


# Why somebody stands at the sign-in again; the address says which.
_SIGNED_OUT = {
    "idle": "You were signed out because nobody was there for {idle}.",
    "old": "You were signed out because the session had lasted {longest}, which is as long as one may.",
    "ended": "Your session has ended: it was ended elsewhere, or the password or the account was changed.",
}


@register.simple_tag(takes_context=True)
def signed_out_because(context: Mapping[str, Any]) -> str:
    """Say why the person has to sign in again; "" where they just came."""
    sentence = _SIGNED_OUT.get(context["request"].GET.get("why", ""), "")
    return sentence.format(idle=_span(settings.SESSION_IDLE_S), longest=_span(settings.SESSION_MAX_S))


def _span(seconds: int) -> str:
    hours, minutes = seconds // 3600, seconds // 60
    if seconds and seconds % 3600 == 0:
        return f"{hours} hour{'s' if hours != 1 else ''}"
    return f"{minutes} minute{'s' if minutes != 1 else ''}" if seconds >= 60 else f"{seconds} seconds"


@register.simple_tag
def sso_name() -> str:
    """Return what the button for single sign-on says; "" where there is none."""
    return settings.OIDC_NAME if settings.OIDC_URL else ""


@register.simple_tag
def second_factor_is_off() -> bool:
    return bool(settings.SECOND_FACTOR == "off")


@register.simple_tag
def status_badge(attention: str, size: str = "") -> SafeString:
    """Draw who must act as icon and word; `size` may be "large"."""
    shown = status.presentation_of(attention)
    css = f"badge {size}".strip()
    return format_html('<span class="{}" data-tone="{}">{}{}</span>', css, shown.tone, icon(shown.icon), shown.word)


@register.simple_tag
def status_word(attention: str) -> str:
    return status.presentation_of(attention).word


@register.simple_tag
def ago(moment: datetime | None, empty: str = "never") -> SafeString | str:
    """Write a moment as a distance in words, with the exact time and zone for whoever asks."""
    if moment is None:
        return empty
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(timespec="seconds"),
        exact(moment),
        status.relative(moment, timezone.now()),
    )


@register.simple_tag
def freshness(account: status.Dated) -> SafeString:
    """Say in words how old what is shown of an account is."""
    shown = status.freshness(account, timezone.now())
    exact_time = exact(account.checked_at)
    return format_html(
        '<span class="freshness" data-tone="{}" title="{}">{}</span>', shown.tone, exact_time, shown.word
    )


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, **changes: Any) -> str:
    """Return this page's query with some values changed (None or "" removes one); paging starts anew unless named."""
    query = _changed_query(context["request"], changes)
    return f"?{query}" if query else "?"


@register.simple_tag(takes_context=True)
def list_with(context: template.Context, **changes: Any) -> str:
    """Return the address of the account list with this view's query changed; works in fragments of other addresses."""
    query = _changed_query(context["request"], changes)
    return reverse("linked-account-list") + (f"?{query}" if query else "")


@register.simple_tag(takes_context=True)
def query_without(context: template.Context, name: str) -> str:
    """Return the account list's address with one filter taken away; "ended" is the filter that hides ended ones."""
    query = _changed_query(context["request"], {"ended": "on"} if name == "ended" else {name: None})
    return reverse("linked-account-list") + (f"?{query}" if query else "")


@register.simple_tag
def query_of(**values: Any) -> str:
    """Write values as the query of a URL."""
    return urlencode(values)


def _changed_query(request: HttpRequest, changes: Mapping[str, Any]) -> str:
    query = request.GET.copy()
    for name in ("after", "before", "shown", "since"):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = "" if value is None else str(value)
    for name in [name for name in query if not query[name]]:
        del query[name]
    return query.urlencode()


@register.simple_tag(takes_context=True)
def theme(context: template.Context) -> str:
    """Return the theme that this browser asked for: system, light or dark."""
    request: HttpRequest | None = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request is not None else ""
    return chosen if chosen in THEMES else "system"


@register.simple_tag
def role_name(user: Any) -> str:
    return role_of(user) or "no role"


@register.simple_tag
def environment_label() -> str:
    return "Demo" if settings.DEMO else ""


@register.filter
def initials(name: str) -> str:
    """Return up to two letters that stand for a person or an institution."""
    return "".join(word[0] for word in re.findall(r"\w+", str(name))[:2])
