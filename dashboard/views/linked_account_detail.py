"""One linked account: what is wrong, who must act, what can be done here, and everything that happened."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.cache import cache
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard import roles, tasks
from dashboard.models import LinkedAccount, Operation
from dashboard.models.operation import State
from dashboard.services import operations
from dashboard.services.access_log import record_read
from dashboard.services.account_sheet import Sheet, sheet_of, siblings_of
from dashboard.services.audit import Actor, Target
from dashboard.services.keyset import Sort, as_moment, page
from dashboard.services.report import report_word
from dashboard.services.timeline import LineKind, timeline_of
from dashboard.services.troubles import troubles
from dashboard.sign_in.door import polled
from dashboard.status import STALE_AFTER, freshness

from .access import needs
from .operation_screens import screen_context
from .outcome_words import held_words
from .post_only import post_only
from .rendering import holds_secret_form, vary_by_request_type, wants_fragment

CALLS_SHOWN = 100
NEWEST_FIRST = Sort(F("at"), True, as_moment)
# A page that shows something old asks the provider once, however many people look at it.
LOOK_AT_MOST_EVERY_S = 60
TABS = (("overview", "Overview"), ("settings", "Settings"), ("calls", "Calls"), ("history", "History"))


@require_safe
@needs(roles.VIEW)
@holds_secret_form
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the page, or one tab of it; reads our own database only."""
    account = _account(pk)
    sheet = sheet_of(account)
    tab = _tab_of(request, account)
    current = operations.current_of(account)
    context = {
        "current": current,
        "account": account,
        "sheet": sheet,
        "tabs": TABS,
        "tab": tab,
        "may_repair": request.user.has_perm(roles.REPAIR),
        **_tab_context(request, account, sheet, tab),
    }
    if wants_fragment(request):
        if request.GET.get("part") == "rail":
            return vary_by_request_type(render(request, "dashboard/_account_rail.html", context | _rail(sheet)))
        return vary_by_request_type(render(request, "dashboard/_account_tab.html", context))
    record_read(Actor.of(request.user), Target.of(account), "account.read")
    context |= {
        **_rail(sheet),
        "is_stale": is_stale(account),
        **_live_context(account, current),
        **screen_context(request, current or operations.waiting_of(account), sheet=sheet),
    }
    return vary_by_request_type(render(request, "dashboard/linked_account_detail.html", context))


@polled
@require_safe
@needs(roles.VIEW)
def live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer the poll of header and diagnosis: nothing while nothing of them changed."""
    account = _account(pk)
    if not wants_fragment(request):
        return redirect("linked-account-detail", pk=account.pk)
    current = operations.current_of(account)
    context = _live_context(account, current)
    if request.GET.get("since") == context["live_key"]:
        return vary_by_request_type(HttpResponse(status=204))
    context |= {
        "account": account,
        "sheet": sheet_of(account),
        "may_repair": request.user.has_perm(roles.REPAIR),
    }
    response = render(request, "dashboard/_account_live.html", context)
    # Tab and rail look again, too.
    response["HX-Trigger"] = "account-updated"
    return vary_by_request_type(response)


@post_only("linked-account-detail")
@needs(roles.VIEW)
def look(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask for a fresh look in the background: a page of something stale asks by itself after it is shown."""
    account = _account(pk)
    by_hand = "now" in request.POST
    is_due = not account.is_gone and (by_hand or is_stale(account))
    asked = is_due and cache.add(f"look:{account.pk}", True, LOOK_AT_MOST_EVERY_S)
    if asked:
        tasks.look_at(str(account.pk))
    if not wants_fragment(request):
        return redirect("linked-account-detail", pk=account.pk)
    if not by_hand:
        return HttpResponse(status=204)
    return vary_by_request_type(render(request, "dashboard/_looking.html", {"asked": asked, "account": account}))


def is_stale(account: LinkedAccount) -> bool:
    """Say whether what we show is old enough to ask again."""
    if account.is_gone:
        return False
    return (
        account.checked_at is None or account.stale_at is not None or timezone.now() - account.checked_at > STALE_AFTER
    )


def _account(pk: UUID) -> LinkedAccount:
    return get_object_or_404(LinkedAccount.objects.select_related("customer"), pk=pk)


def _live_context(account: LinkedAccount, current: Operation | None) -> dict[str, Any]:
    """Return what the poll compares: it changes when anything shown in header or diagnosis changes."""
    word = freshness(account, timezone.now()).word
    held = f"{current.pk}.{current.state}" if current else "free"
    in_the_way = troubles(account.integration)
    return {
        "troubles": in_the_way,
        "current": current,
        "conflict_to_resolve": operations.conflict_of(account),
        "report_word": report_word(account.attention),
        "held_words": held_words(current) if current else "",
        "live_key": ".".join(
            (str(account.version), held, *(trouble.key for trouble in in_the_way), word.replace(" ", "-"))
        ),
    }


def _tab_of(request: HttpRequest, account: LinkedAccount) -> str:
    wanted = request.GET.get("tab", "")
    if wanted in dict(TABS):
        return wanted
    return "history" if account.is_gone else "overview"


def _tab_context(request: HttpRequest, account: LinkedAccount, sheet: Sheet, tab: str) -> dict[str, Any]:
    match tab:
        case "calls":
            return _calls_context(request, account)
        case "history":
            return _history_context(request, account)
        case _:
            return {}


def _calls_context(request: HttpRequest, account: LinkedAccount) -> dict[str, Any]:
    cursors = {name: request.GET[name] for name in ("after", "before") if request.GET.get(name)}
    calls = page(account.calls.select_related("operation"), NEWEST_FIRST, size=CALLS_SHOWN, **cursors)
    return {"calls": calls, "tab_query": urlencode(cursors)}


def _history_context(request: HttpRequest, account: LinkedAccount) -> dict[str, Any]:
    kind = {kind.value: kind for kind in LineKind}.get(request.GET.get("kind", ""))
    older_than = _moment(request.GET.get("older_than", ""))
    here = {"kind": kind.value} if kind else {}
    if older_than:
        here["older_than"] = older_than.isoformat()
    return {
        "timeline": timeline_of(account, kind=kind, older_than=older_than),
        "is_newest": older_than is None,
        "kind": here.get("kind", ""),
        "kinds": KINDS,
        "tab_query": urlencode(here),
    }


def _moment(text: str) -> datetime | None:
    try:
        return as_moment(text)
    except ValueError:
        return None


KINDS = (("", "Everything"), ("people", "People"), ("results", "Results"), ("calls", "Calls"))


def _rail(sheet: Sheet) -> dict[str, Any]:
    return {"siblings": siblings_of(sheet.account), "attempts": _attempts(sheet)}


def _attempts(sheet: Sheet) -> dict[str, Any]:
    """Count what was sent for this account in the last day: too many failed sign-ins lock the customer out."""
    since = timezone.now() - timedelta(days=1)
    operations_here = sheet.account.operations
    sent = operations_here.filter(sent_at__gte=since)
    failed = sent.filter(state__in=(State.REFUSED, State.FAILED, State.EXPIRED, State.UNKNOWN))
    return {
        "today": sent.count(),
        "failed": failed.count(),
        "sign_ins_failed": failed.filter(action__in=sheet.sign_ins).count() if sheet.sign_ins else 0,
        "last": operations_here.exclude(sent_at=None).order_by("-sent_at").first(),
    }
