"""The audit log: search it, read an entry, have the chain verified. Reading it is an entry, too."""

from __future__ import annotations

import json
from functools import partial
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from dashboard import roles
from dashboard.audit_query import FILTERS, QUALIFIERS, text_of
from dashboard.models import AuditEntry, Operation
from dashboard.models.audit import Kind
from dashboard.services import audit as audit_log
from dashboard.services import audit_check, audit_search
from dashboard.services.access_log import record_read
from dashboard.services.audit import Actor
from dashboard.services.audit_needs import TooBroad
from dashboard.services.audit_query_words import looked_for
from dashboard.services.audit_segments import last_removed
from dashboard.services.audit_status import status as chain_status
from dashboard.services.audit_verdict import verdict_of
from dashboard.services.name_words import names_at, names_of, places_of

from .access import needs
from .audit_segments import answer_gone
from .audit_words import changes_of, conflict_of, facts_of, line_of, simple_facts
from .rendering import render_page_or_fragment, wants_fragment

SIBLINGS_SHOWN = 50
# The form below the bar: what people filter by most.
_TEXT_FILTERS = (("action", "Action"), ("actor", "Actor"), ("target", "Target"), ("field", "Field"))


@needs(roles.READ_AUDIT)
@require_safe
def audit_entry_list(request: HttpRequest) -> HttpResponse:
    if any(request.GET.get(name) for name in FILTERS):
        # The form below the bar, and links from before there was a bar: one query, and the address holds it.
        whole = urlencode({"q": text_of(request.GET.dict())})
        return redirect(f"{reverse('audit-entry-list')}?{whole}")
    typed = request.GET.get("q", "")
    query = audit_search.read(typed)
    mistakes = list(query.mistakes)
    try:
        found = audit_search.list_page(query, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    except TooBroad as trouble:
        found, mistakes = audit_search.AuditPage([], None, None), [str(trouble)]
    names = names_of(found.rows)
    if not mistakes:
        record_read(Actor.of(request.user), lambda: looked_for(query), "audit.read")
    context = {
        "typed": typed,
        "chips": [(token, _without(query.tokens, at)) for at, token in enumerate(query.tokens)],
        "is_filtered": not query.is_empty,
        "lines": [line_of(entry, names) for entry in found.rows],
        "after": found.after,
        "before": found.before,
        "looked_to": found.looked_to,
        # What is older may have left the log: said where a reader comes to its beginning, and not to that of a search.
        "begins_after": last_removed() if found.after is None and not query.conditions else None,
        "mistakes": mistakes,
        "qualifiers": QUALIFIERS.items(),
        "kinds": Kind.choices,
        "text_filters": _TEXT_FILTERS,
    }
    return render(request, "dashboard/audit_entry_list.html", context)


@needs(roles.READ_AUDIT)
@require_safe
def audit_entry_detail(request: HttpRequest, seq: int) -> HttpResponse:
    """Show an entry: a page of its own, or what the drawer beside the list holds."""
    entry = AuditEntry.objects.filter(seq=min(seq, 2**63 - 1)).first()
    if entry is None:
        return answer_gone(request, seq)
    facts = facts_of(entry)
    operation = Operation.objects.filter(pk=entry.operation_id).first() if _is_uuid(entry.operation_id) else None
    siblings = AuditEntry.objects.filter(operation_id=entry.operation_id).order_by("seq").defer("body")
    names = names_at(places_of(entry, facts))
    context = {
        "entry": entry,
        "line": line_of(entry, names),
        "changes": changes_of(facts, partial(names.of_value, entry.target_id)),
        "conflict": conflict_of(facts),
        "facts": simple_facts(facts),
        "approval": facts.get("approval") if isinstance(facts.get("approval"), str) else "",
        "body": json.dumps(facts, indent=2, ensure_ascii=False) if facts else entry.body,
        "mac": bytes(entry.mac).hex(),
        "prev_mac": bytes(entry.prev_mac).hex(),
        "operation": operation,
        "siblings": [line_of(each) for each in siblings[:SIBLINGS_SHOWN]] if entry.operation_id else [],
    }
    record_read(Actor.of(request.user), None, "audit.read")
    return render_page_or_fragment(request, "dashboard/audit_entry_detail.html", "dashboard/_audit_entry.html", context)


@needs(roles.READ_AUDIT)
@require_safe
def audit_status(request: HttpRequest) -> HttpResponse:
    """Say how the chain stands: a chip above the list, or a page of its own."""
    status = chain_status()
    if not wants_fragment(request):
        record_read(Actor.of(request.user), None, "audit.read")
    context = {"status": status, "verified": audit_search.last_verification() if status.findings else None}
    return render_page_or_fragment(request, "dashboard/audit_status.html", "dashboard/_audit_status.html", context)


@needs(roles.READ_AUDIT)
@require_POST
def audit_verify(request: HttpRequest) -> HttpResponse:
    """Walk the whole chain now, say what was found, and put that on record."""
    found = audit_log.verify()
    audit_check.remember(audit_check.Scope.FULL, found)
    facts, verdict = audit_check.facts_of(found), verdict_of(found.kinds)
    try:
        audit_log.record(
            Kind.EVENT,
            "audit.verified",
            actor=Actor.of(request.user),
            result=verdict.result,
            facts=facts,
        )
    except audit_log.AuditUnavailable:
        # What keeps the log from being written is what was found: that has to be told all the same.
        if found.ok:
            raise
        first = found.findings[0]
        messages.error(
            request,
            f"{verdict.sentence}: {facts['findings']} findings, the first at entry {first.seq}: {first.text}."
            " The log takes no entries now, so this look is not in it. Tell an administrator.",
        )
        return redirect("audit-entry-list")
    if found.ok:
        messages.success(request, f"All {found.entries:,} entries follow each other unbroken.")
    else:
        messages.error(request, f"{verdict.sentence}: {facts['findings']} findings. See the newest entry.")
    return redirect("audit-entry-list")


def _without(tokens: tuple[str, ...], at: int) -> str:
    return " ".join(token for place, token in enumerate(tokens) if place != at)


def _is_uuid(text: str) -> bool:
    try:
        Operation._meta.pk.to_python(text)
    except ValidationError:
        return False
    return bool(text)
