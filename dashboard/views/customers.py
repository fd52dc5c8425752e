"""Customers: find, look at, add, change."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from dashboard import roles
from dashboard.forms.customers import CustomerForm
from dashboard.forms.filters import CustomerFilter
from dashboard.models import Customer
from dashboard.services import account_list, customers, erased
from dashboard.services.access_log import record_read
from dashboard.services.audit import Actor
from dashboard.services.audit_query_words import searched_for

from .access import needs
from .account_rows import grouped
from .erasure import erased_page


@needs(roles.VIEW)
@require_safe
def customer_list(request: HttpRequest) -> HttpResponse:
    form = CustomerFilter(request.GET)
    is_understood = form.is_valid()
    query = form.cleaned_data.get("q", "")
    found = customers.list_page(query, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    if query:
        record_read(Actor.of(request.user), lambda: searched_for(query), "customer.searched")
    context = {
        "form": form,
        "query": query,
        "customers": found.rows if is_understood else [],
        "after": found.after if is_understood else None,
        "before": found.before if is_understood else None,
        "mistakes": form.errors.get("q", []),
    }
    return render(request, "dashboard/customer_list.html", context)


@needs(roles.VIEW)
@require_safe
def customer_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    customer = Customer.objects.filter(pk=pk).first()
    if customer is None:
        return erased_page(request, pk)
    accounts = account_list.of_customer(customer)
    context = {
        "customer": customer,
        "groups": grouped(accounts, timezone.now(), by_customer=False),
        "is_cut": len(accounts) == account_list.MOST_OF_ONE_CUSTOMER,
    }
    record_read(Actor.of(request.user), customer, "customer.read")
    return render(request, "dashboard/customer_detail.html", context)


@needs(roles.EDIT_CUSTOMERS)
@require_http_methods(["GET", "HEAD", "POST"])
def customer_create(request: HttpRequest) -> HttpResponse:
    form = CustomerForm(
        request.POST if request.method == "POST" else None,
        initial={"reference": request.GET.get("reference", "")[:256]},
    )
    if form.is_valid():
        try:
            customer = customers.create(form.cleaned_data, actor=Actor.of(request.user))
        except customers.ReferenceTaken as taken:
            return _taken(request, form, taken, None)
        messages.success(request, f"{customer} was added.")
        if before := erased.returned([customer.reference]).get(customer.reference):
            on = f"{before.erased_at:%Y-%m-%d}"
            messages.warning(
                request, f"A customer with this reference was erased on {on}. That it is back is on record."
            )
        return redirect("customer-detail", customer.pk)
    return _form_page(request, form, None)


@needs(roles.EDIT_CUSTOMERS)
@require_http_methods(["GET", "HEAD", "POST"])
def customer_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    customer = get_object_or_404(Customer, pk=pk)
    name = str(customer)
    form = CustomerForm(request.POST) if request.method == "POST" else CustomerForm.of(customer)
    if form.is_valid():
        try:
            is_changed = customers.change(customer, form.cleaned_data, actor=Actor.of(request.user))
        except customers.NotThere:
            return redirect("customer-detail", pk)
        except customers.ReferenceTaken as taken:
            customer.refresh_from_db()
            return _taken(request, form, taken, customer)
        messages.success(
            request, f"{customer} was changed." if is_changed else f"Nothing to change: {name} is as typed."
        )
        return redirect("customer-detail", customer.pk)
    if request.method != "POST":
        record_read(Actor.of(request.user), customer, "customer.read")
    return _form_page(request, form, customer)


def _taken(
    request: HttpRequest, form: CustomerForm, taken: customers.ReferenceTaken, customer: Customer | None
) -> HttpResponse:
    form.add_error("reference", f"This reference belongs to {taken.other} already.")
    return _form_page(request, form, customer, status=409)


def _form_page(
    request: HttpRequest, form: CustomerForm, customer: Customer | None, status: int | None = None
) -> HttpResponse:
    template = "dashboard/customer_edit.html" if customer else "dashboard/customer_create.html"
    status = status or (422 if form.is_bound and form.errors else 200)
    return render(request, template, {"form": form, "customer": customer}, status=status)
