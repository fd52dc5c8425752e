"""The list of linked accounts: counts that filter, search, pages, and rows that change by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard import roles, status
from dashboard.forms.filters import LinkedAccountFilter
from dashboard.models import LinkedAccount
from dashboard.services import account_list
from dashboard.services.access_log import record_read
from dashboard.services.account_list import Filters
from dashboard.services.audit import Actor
from dashboard.services.audit_query_words import searched_for
from dashboard.services.creating import creating_integrations
from dashboard.services.troubles import Trouble, troubles
from dashboard.sign_in.door import polled
from providers.attention import Attention
from providers.registry import provider_classes

from .access import needs
from .account_rows import fingerprint, grouped, pack, unpack
from .rendering import render_page_or_fragment, vary_by_request_type, wants_fragment

PAGE = "dashboard/linked_account_list.html"
FRAGMENT = "dashboard/_linked_account_list.html"
TABLE = "dashboard/_linked_account_table.html"
COUNTS = "dashboard/_account_counts.html"
# What a click on a header sorts by ("": nothing), its words, its class. Hits grouped by customer need one less.
COLUMNS = (
    ("", "Status", "col-1"),
    ("customer", "Customer", "col-2"),
    ("institution", "Account", "col-3"),
    ("since", "Since", "col-4"),
    ("success", "Last success", "col-5"),
    ("", "External id, tags", "col-6"),
)
GROUPED_COLUMNS = (COLUMNS[0], ("institution", "Account", "col-2"), *COLUMNS[3:])


@dataclass(frozen=True, slots=True)
class Count:
    """One of the numbers above the list. `value` is the attention it filters by, "" for all."""

    value: str
    word: str
    icon: str
    tone: str
    number: int
    is_chosen: bool

    @property
    def is_shown(self) -> bool:
        """Say whether there is anything to choose; all and healthy are always there, so the strip is never empty."""
        return bool(self.number) or self.is_chosen or self.value in ("", Attention.HEALTHY)


@needs(roles.VIEW)
@require_safe
def linked_account_list(request: HttpRequest) -> HttpResponse:
    """Show one view of the list; a search with exactly one hit opens the account."""
    form = LinkedAccountFilter(request.GET, institutions=account_list.institutions())
    is_understood = form.is_valid()
    filters = Filters(**form.chosen())
    found = account_list.list_page(filters, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    hits = found.rows if "q" not in form.errors else []
    if filters.q:
        record_read(Actor.of(request.user), lambda: searched_for(filters.q), "account.searched")
    if len(hits) == 1 and is_understood and _is_plain_search(request, filters):
        return redirect("linked-account-detail", hits[0].pk)
    now = timezone.now()
    counted = account_list.counts(filters)
    # Without rows the page asks why there are none instead.
    in_the_way = troubles(filters.integration) if hits else ()
    context = {
        **_view(form, filters, counted),
        **_table(request, filters, list(hits), counted, in_the_way=in_the_way, now=now),
        "after": found.after,
        "before": found.before,
        "may_create": request.user.has_perm(roles.REPAIR) and bool(creating_integrations()),
        "mistakes": [message for messages in form.errors.values() for message in messages],
    }
    if not hits and "q" not in form.errors:
        context |= _nothing(request, form, filters)
    response = render_page_or_fragment(request, PAGE, FRAGMENT, context)
    if wants_fragment(request):
        response["HX-Push-Url"] = _address(request)
    return response


@polled
@needs(roles.VIEW)
@require_safe
def linked_account_table(request: HttpRequest) -> HttpResponse:
    """Answer a poll: 204 if nothing changed, else the same rows in the same order, and the counts."""
    ids = unpack(request.GET.get("shown", ""), at_most=account_list.PAGE_SIZE)
    if not wants_fragment(request) or not ids:
        return HttpResponseRedirect(_address(request))
    form = LinkedAccountFilter(request.GET, institutions=account_list.institutions())
    form.is_valid()
    filters = Filters(**form.chosen())
    now = timezone.now()
    accounts = account_list.shown(ids)
    counted = account_list.counts(filters)
    in_the_way = troubles(filters.integration)
    if request.GET.get("since") == fingerprint(accounts, counted, in_the_way, now):
        return vary_by_request_type(HttpResponse(status=204))
    found = account_list.list_page(filters, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    context = {
        **_view(form, filters, counted),
        **_table(request, filters, accounts, counted, in_the_way=in_the_way, now=now),
        "after": found.after,
        "before": found.before,
        "moved": [row.pk for row in found.rows] != ids,
        "list_address": _address(request),
    }
    table = render(request, TABLE, context)
    counts = render_to_string(COUNTS, context, request)
    # The counts stand outside of the table; htmx takes them from the same answer.
    table.write(f'<hx-partial hx-target="#account-counts" hx-swap="outerMorph">{counts}</hx-partial>')
    return vary_by_request_type(table)


def _view(form: LinkedAccountFilter, filters: Filters, counted: Mapping[Attention, int]) -> dict[str, Any]:
    total = sum(number for attention, number in counted.items() if attention != Attention.ENDED or filters.ended)
    chosen = counted[Attention(filters.attention)] if filters.attention else total
    return {
        "form": form,
        "filters": filters,
        "search_text": filters.q,
        "counts": [
            Count("", "All", "list-details", "brand", total, not filters.attention),
            *(
                Count(a.value, shown.word, shown.icon, shown.tone, counted[a], filters.attention == a)
                for a, shown in status.STATUS.items()
            ),
        ],
        "total": chosen,
        "chips": [(name, form.words_of(name)) for name in filters.active],
    }


def _table(
    request: HttpRequest,
    filters: Filters,
    accounts: list[LinkedAccount],
    counted: Mapping[Attention, int],
    *,
    in_the_way: Sequence[Trouble],
    now: datetime,
) -> dict[str, Any]:
    query = request.GET.copy()
    query["shown"] = pack(account.pk for account in accounts)
    query["since"] = fingerprint(accounts, counted, in_the_way, now)
    is_grouped = bool(filters.q) and filters.order.lstrip("-") == "customer"
    columns = GROUPED_COLUMNS if is_grouped else COLUMNS
    return {
        "groups": grouped(accounts, now, by_customer=is_grouped),
        "is_grouped": is_grouped,
        "troubles": in_the_way,
        "columns": [_column(*column, filters.order) for column in columns],
        "poll_address": f"{reverse('linked-account-table')}?{query.urlencode()}" if accounts else "",
    }


def _column(name: str, word: str, css: str, order: str) -> dict[str, str]:
    """Return a header: what a click sorts by, and the order there is now."""
    is_sorted = order.lstrip("-") == name
    newest_first = name in ("changed", "success", "since")
    turned = name if order == f"-{name}" else f"-{name}"
    first = f"-{name}" if newest_first else name
    return {
        "name": name,
        "word": word,
        "css": css,
        "sort": turned if is_sorted else first,
        "aria": ("descending" if order.startswith("-") else "ascending") if is_sorted else "",
    }


def _nothing(request: HttpRequest, form: LinkedAccountFilter, filters: Filters) -> dict[str, Any]:
    """Say why the list is empty: nothing is connected, or one filter keeps most of it out."""
    why = account_list.excluded(filters)
    is_configured = bool(settings.INTEGRATIONS.integrations)
    blockers = [(name, form.words_of(name), number) for name, number in why.without]
    return {
        "is_first_run": why.total == 0,
        "is_configured": is_configured,
        "connectable": () if is_configured else _connectable(),
        "blockers": blockers,
    }


def _connectable() -> list[dict[str, Any]]:
    """Return the settings lines that each provider needs."""
    return [
        {
            "name": provider.name,
            "lines": [
                f"INTEGRATIONS={provider.slug}",
                *(f"{provider.slug.upper()}_{each.suffix}=…" for each in provider.settings if each.required),
            ],
        }
        for provider in provider_classes()
    ]


def _is_plain_search(request: HttpRequest, filters: Filters) -> bool:
    return filters.is_only_search and not wants_fragment(request) and not {"after", "before"} & set(request.GET)


def _address(request: HttpRequest) -> str:
    """Return the list's own address of this view: no empty values, nothing of the poll."""
    query = request.GET.copy()
    for name in list(query):
        if name in ("shown", "since") or not query[name]:
            del query[name]
    return reverse("linked-account-list") + (f"?{query.urlencode()}" if query else "")
