"""Erasing a customer: what would go and what would stay, then the typed reference; and what an old link shows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from dashboard import roles
from dashboard.forms.erasure import EraseForm
from dashboard.models import Customer, ErasedCustomer
from dashboard.services import approvals, erasure, erasure_preview
from dashboard.services.access_log import record_read
from dashboard.services.approvals import CannotPerform
from dashboard.services.audit import Actor

from .access import needs, people_with


@never_cache
@needs(roles.MANAGE_STAFF, recent=True)
@require_http_methods(["GET", "HEAD", "POST"])
def customer_erase(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show exactly what goes and what stays; a POST erases, or asks a second person to agree."""
    customer = get_object_or_404(Customer, pk=pk)
    form = EraseForm(request.POST if request.method == "POST" else None, reference=customer.reference)
    if not form.is_bound:
        record_read(Actor.of(request.user), customer, "customer.read")
        return _page(request, customer, form)
    if not form.is_valid():
        return _page(request, customer, form, status=422)
    said, actor = form.cleaned_data, _admin(request)
    try:
        approval = erasure.ask(customer, actor=actor, reason=said["reason"], ticket=said["ticket"])
    except CannotPerform as trouble:
        field = getattr(trouble, "field", "")
        form.add_error(field or None, str(trouble))
        return _page(request, customer, form, status=422 if field else 409)
    if approval is not None:
        messages.success(request, "Nothing is erased yet: a second person has to agree.")
        return redirect("approval-detail", pk=approval.pk)
    messages.success(request, "The customer is erased.")
    return redirect("customer-detail", pk=pk)


def erased_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Tell whoever follows an old link that this customer was erased; 404 where there never was one."""
    erased = get_object_or_404(ErasedCustomer, pk=pk)
    context = {"erased": erased, "may_read_log": request.user.has_perm(roles.READ_AUDIT)}
    return render(request, "dashboard/customer_erased.html", context, status=410)


def _page(request: HttpRequest, customer: Customer, form: EraseForm, *, status: int = 200) -> HttpResponse:
    context = {
        "customer": customer,
        "form": form,
        "seen": erasure_preview.preview(customer),
        "pending": approvals.pending_of(erasure.ACTION, str(customer.pk)),
        "needs_second": approvals.is_needed(erasure.ACTION),
        "menders": people_with(roles.REPAIR),
    }
    return render(request, "dashboard/customer_erase.html", context, status=status)


def _admin(request: HttpRequest) -> Any:
    return request.user
