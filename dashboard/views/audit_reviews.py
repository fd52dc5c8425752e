"""The reviewer's queue: what waits and why, one entry to decide on, and how much was looked at."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from dashboard import roles
from dashboard.forms.audit_reviews import AuditReviewFilter, AuditReviewForm
from dashboard.models import AuditEntry, AuditReview
from dashboard.models.audit_review import MAX_COMMENT_CHARS
from dashboard.services import audit_reviews
from dashboard.services.access_log import record_read
from dashboard.services.audit import Actor
from dashboard.services.audit_review_rules import WORDS
from dashboard.services.name_words import names_at, places_of

from .access import needs
from .audit_segments import answer_gone
from .audit_words import changes_of, conflict_of, facts_of, line_of, simple_facts


@needs(roles.READ_AUDIT)
@require_safe
def audit_review_list(request: HttpRequest) -> HttpResponse:
    form = _filter(request)
    state, rule = form.chosen()
    found = audit_reviews.list_page(
        state, rule, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    record_read(Actor.of(request.user), None, "audit.read")
    context = {
        "form": form,
        "state": state,
        "rule": rule,
        "rule_words": WORDS[rule][1] if rule else "",
        "rows": [(review, [word for word, _ in _reasons_of(review)]) for review in found.rows],
        "after": found.after,
        "before": found.before,
        "coverage": audit_reviews.coverage(),
        "query": urlencode({"rule": rule}) if rule else "",
    }
    return render(request, "dashboard/audit_review_list.html", context)


@needs(roles.READ_AUDIT)
@require_safe
def audit_review_next(request: HttpRequest) -> HttpResponse:
    """Lead to the entry that comes first, or back to the queue when nothing waits."""
    rule = _filter(request).chosen()[1]
    return redirect(_next_address(request, rule, 0))


@needs(roles.READ_AUDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def audit_review_detail(request: HttpRequest, seq: int) -> HttpResponse:
    entry = AuditEntry.objects.filter(seq=min(seq, 2**63 - 1)).first()
    if entry is None:
        return answer_gone(request, seq)
    if request.method != "POST":
        record_read(Actor.of(request.user), None, "audit.read")
        return _page(request, entry)
    form = AuditReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, entry, [str(each) for found in form.errors.values() for each in found], 422)
    decided = form.cleaned_data
    before = audit_reviews.review_of(entry.seq)
    place = before.rank if before else 0
    try:
        audit_reviews.decide(
            entry,
            decided["verdict"],
            decided["comment"],
            actor=Actor.of(request.user),
            seen_decisions=decided["decisions"],
        )
    except audit_reviews.NotDecided as refused:
        return _page(request, entry, [str(refused)], 409 if isinstance(refused, audit_reviews.Overtaken) else 422)
    messages.success(request, f"Entry {entry.seq} is {decided['verdict']}.")
    return redirect(_next_address(request, _filter(request).chosen()[1], place))


def _page(
    request: HttpRequest, entry: AuditEntry, mistakes: list[str] | None = None, status: int = 200
) -> HttpResponse:
    facts = facts_of(entry)
    rule = _filter(request).chosen()[1]
    names = names_at(places_of(entry, facts))
    context: dict[str, Any] = {
        "entry": entry,
        "line": line_of(entry, names),
        "changes": changes_of(facts, partial(names.of_value, entry.target_id)),
        "conflict": conflict_of(facts),
        "facts": simple_facts(facts),
        "review": audit_reviews.review_of(entry.seq),
        "is_own": entry.actor_id == str(request.user.pk),
        "own_words": audit_reviews.OWN,
        "mistakes": mistakes or [],
        "comment": request.POST.get("comment", ""),
        "comment_most": MAX_COMMENT_CHARS,
        "query": urlencode({"rule": rule}) if rule else "",
    }
    context["reasons"] = _reasons_of(context["review"])
    context["history"] = list(context["review"].history.all()) if context["review"] else []
    return render(request, "dashboard/audit_review_detail.html", context, status=status)


def _reasons_of(review: AuditReview | None) -> list[tuple[str, str]]:
    """Return word and words of each rule that put an entry into the queue."""
    return [WORDS.get(each.rule, (each.rule, "")) for each in review.rules.all()] if review else []


def _next_address(request: HttpRequest, rule: str, place: int) -> str:
    query = f"?{urlencode({'rule': rule})}" if rule else ""
    following = audit_reviews.next_open(rule, str(request.user.pk), place)
    if following is None:
        return reverse("audit-review-list") + query
    return reverse("audit-review-detail", args=[following.seq]) + query


def _filter(request: HttpRequest) -> AuditReviewFilter:
    form = AuditReviewFilter(request.GET, rules=[(name, word) for name, (word, _) in WORDS.items()])
    form.is_valid()
    return form
