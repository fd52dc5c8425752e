"""What the views of operations answer: the panel, the plan alone, or a page around them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from dashboard.forms.provider_form import ProviderForm, add_remote_errors
from dashboard.models import LinkedAccount, Operation
from dashboard.models.operation import State
from dashboard.services.account_sheet import Sheet, sheet_of
from dashboard.services.results import OpenRefused, Preview
from dashboard.services.timeline import lines_of

from .notices import Notice
from .operation_screens import screen_context
from .rendering import vary_by_request_type, wants_fragment

PANEL = "dashboard/_operation_panel.html"
PAGE = "dashboard/operation_detail.html"


def present(request: HttpRequest, operation: Operation, status: int = 200, **extra: Any) -> HttpResponse:
    """Show the operation's present state; without htmx a POST leads to its page, so that a reload is harmless."""
    if wants_fragment(request):
        return panel(request, operation, status=status, **extra)
    if status == 200 and request.method == "POST":
        return redirect("operation-detail", pk=operation.pk)
    return page(request, operation, status=status, **extra)


def panel(request: HttpRequest, operation: Operation, status: int = 200, **extra: Any) -> HttpResponse:
    context = screen_context(request, operation, **extra)
    response = render(request, PANEL, context, status=status)
    if status == 422:
        # Morphing keeps what was typed: a password that is asked for again because of another field is lost work.
        response["HX-Reswap"] = "outerMorph"
    if operation.state != State.DRAFT:
        response["HX-Trigger"] = "account-changed"
    return vary_by_request_type(response)


def page(request: HttpRequest, operation: Operation, status: int = 200, **extra: Any) -> HttpResponse:
    sheet = sheet_of(operation.account)
    context = screen_context(request, operation, sheet=sheet, **extra)
    context |= {"lines": lines_of(operation), "is_page": True}
    return vary_by_request_type(render(request, PAGE, context, status=status))


def plan_fragment(
    request: HttpRequest, operation: Operation, sheet: Sheet, *, status: int, **extra: Any
) -> HttpResponse:
    context = screen_context(request, operation, sheet=sheet, **{"notice": None, **extra})
    response = render(request, "dashboard/_operation_plan.html", context, status=status)
    response["HX-Retarget"] = "#operation-plan"
    response["HX-Reswap"] = "outerHTML"
    return vary_by_request_type(response)


def hold_back(
    request: HttpRequest, operation: Operation, sheet: Sheet, notice: Notice, form: ProviderForm, **plan: Any
) -> HttpResponse:
    """Say why nothing was sent; only the plan is swapped, so what was typed stays in the page."""
    if wants_fragment(request):
        return plan_fragment(request, operation, sheet, status=notice.status, notice=notice, **plan)
    return page(request, operation, status=notice.status, form=form, notice=notice, **plan)


def invalid(
    request: HttpRequest, operation: Operation, form: ProviderForm, confirm: Any, asks: Any = None
) -> HttpResponse:
    return present(request, operation, status=422, form=form, confirm=confirm, **({"asks": asks} if asks else {}))


def refuse_to_open(request: HttpRequest, account: LinkedAccount, refused: OpenRefused) -> HttpResponse:
    context = {"refused": refused, "account": account}
    if wants_fragment(request):
        return vary_by_request_type(render(request, "dashboard/_operation_refused.html", context, status=409))
    return render(request, "dashboard/operation_refused.html", context, status=409)


def plan_of(seen: Preview) -> dict[str, Any]:
    return {"plan": seen.plan, "plan_digest": seen.plan.digest if seen.plan else ""}


def mark(form: ProviderForm, seen: Preview) -> None:
    if seen.errors:
        add_remote_errors(form, seen.errors)


def problems_of(form: ProviderForm, seen: Preview) -> list[str]:
    """Return what stands against the plan; what is only not filled in yet is not held against anybody while typing.

    A field that showed a value and is blank now was emptied: nothing of it is to come.
    """
    typed = [
        message if error.code == "required" else f"{form.fields[name].label}: {message}"
        for name, errors in form.errors.as_data().items()
        for error in errors
        for message in error.messages
        if name in form.fields and (error.code != "required" or form[name].initial)
    ]
    labels = {field.name: field.label for field in form.declared}
    missing = {source.name for name, source in form.sources.items() if name in form.errors}
    told = [
        f"{labels.get(name, name)}: {message}" if name else message
        for name, messages in seen.errors.items()
        for message in messages
        if name not in missing
    ]
    return typed + told
