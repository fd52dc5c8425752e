"""The audit log: search it, read an entry, have the chain verified. Reading it is an entry, too."""

from __future__ import annotations

import json

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from dashboard import roles
from dashboard.forms.filters import AuditFilter
from dashboard.models import AuditEntry, Operation
from dashboard.models.audit import Kind
from dashboard.services import audit as audit_log
from dashboard.services import audit_check, audit_search
from dashboard.services.access_log import record_read
from dashboard.services.audit import Actor

from .access import needs
from .audit_words import changes_of, conflict_of, facts_of, line_of, simple_facts


@needs(roles.READ_AUDIT)
@require_safe
def audit_entry_list(request: HttpRequest) -> HttpResponse:
    form = AuditFilter(request.GET, actions=audit_search.actions())
    form.is_valid()
    filters = {name: value for name, value in form.cleaned_data.items() if value}
    found = audit_search.list_page(filters, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    record_read(Actor.of(request.user), None, "audit.read")
    verified = audit_search.last_verification()
    context = {
        "form": form,
        "is_filtered": bool(filters),
        "lines": [line_of(entry) for entry in found.rows],
        "after": found.after,
        "before": found.before,
        "mistakes": [f"{form[name].label}: {message}" for name, each in form.errors.items() for message in each],
        "verified": line_of(verified) if verified else None,
        "verified_facts": facts_of(verified) if verified else {},
    }
    return render(request, "dashboard/audit_entry_list.html", context)


@needs(roles.READ_AUDIT)
@require_safe
def audit_entry_detail(request: HttpRequest, seq: int) -> HttpResponse:
    entry = get_object_or_404(AuditEntry, seq=min(seq, 2**63 - 1))
    facts = facts_of(entry)
    operation = Operation.objects.filter(pk=entry.operation_id).first() if _is_uuid(entry.operation_id) else None
    context = {
        "entry": entry,
        "line": line_of(entry),
        "changes": changes_of(facts),
        "conflict": conflict_of(facts),
        "facts": simple_facts(facts),
        "body": json.dumps(facts, indent=2, ensure_ascii=False) if facts else entry.body,
        "mac": bytes(entry.mac).hex(),
        "prev_mac": bytes(entry.prev_mac).hex(),
        "operation": operation,
        "siblings": AuditEntry.objects.filter(operation_id=entry.operation_id).order_by("seq")
        if entry.operation_id
        else [],
    }
    record_read(Actor.of(request.user), None, "audit.read")
    return render(request, "dashboard/audit_entry_detail.html", context)


@needs(roles.READ_AUDIT)
@require_POST
def audit_verify(request: HttpRequest) -> HttpResponse:
    """Walk the whole chain now, say what was found, and put that on record."""
    found = audit_log.verify()
    audit_check.remember(audit_check.Scope.FULL, found)
    facts = audit_check.facts_of(found)
    try:
        audit_log.record(
            Kind.EVENT,
            "audit.verified",
            actor=Actor.of(request.user),
            result="ok" if found.ok else "broken",
            facts=facts,
        )
    except audit_log.AuditUnavailable:
        # What keeps the log from being written is what was found: that has to be told all the same.
        if found.ok:
            raise
        first = found.findings[0]
        messages.error(
            request,
            f"The chain is broken: {facts['findings']} findings, the first at entry {first.seq}: {first.text}."
            " The log takes no entries now, so this look is not in it. Tell an administrator.",
        )
        return redirect("audit-entry-list")
    if found.ok:
        messages.success(request, f"All {found.entries:,} entries follow each other unbroken.")
    else:
        messages.error(request, f"The chain is broken: {facts['findings']} findings. See the newest entry.")
    return redirect("audit-entry-list")


def _is_uuid(text: str) -> bool:
    try:
        Operation._meta.pk.to_python(text)
    except ValidationError:
        return False
    return bool(text)
