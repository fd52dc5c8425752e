"""The pipeline of a write, step by step: draft, preview, apply, watch, relay the code, cancel, begin again."""

from __future__ import annotations

from typing import Any, assert_never
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from dashboard import roles
from dashboard.forms.operations import CodeForm
from dashboard.forms.provider_form import ProviderForm, add_remote_errors, split
from dashboard.models import LinkedAccount, Operation
from dashboard.models.operation import State
from dashboard.services import operations
from dashboard.services.account_sheet import Sheet, sheet_of
from dashboard.services.audit import AuditUnavailable
from dashboard.services.results import (
    AlreadySent,
    Busy,
    Held,
    InvalidValues,
    Nothing,
    OpenRefused,
    PlanChanged,
    Preview,
    RoomClosed,
    Started,
)
from dashboard.services.timeline import lines_of

from .access import needs
from .notices import AUDIT_UNAVAILABLE, BUSY, NOTHING, PLAN_CHANGED, Notice, closed_notice, held_notice
from .operation_screens import confirm_form, fields_form, screen_context
from .rendering import holds_secret_form, vary_by_request_type, wants_fragment

PANEL = "dashboard/_operation_panel.html"
PAGE = "dashboard/operation_detail.html"


@require_POST
@needs(roles.REPAIR)
@holds_secret_form
def create(request: HttpRequest, pk: UUID, action: str) -> HttpResponse:
    """Make a draft with its first preview; nothing is sent."""
    account = _account(pk)
    opened = operations.open_draft(account, action, actor=request.user)
    if isinstance(opened, OpenRefused):
        return _refuse_to_open(request, account, opened)
    return _present(request, opened)


@require_GET
@needs(roles.VIEW)
@holds_secret_form
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one operation as it is now: also after Back and after a reload."""
    return _page(request, _operation(pk))


@require_GET
@needs(roles.VIEW)
@holds_secret_form
def status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer the poll: nothing while nothing changed, the panel when something did."""
    operation = _operation(pk)
    if not wants_fragment(request):
        return redirect("operation-detail", pk=operation.pk)
    if request.GET.get("since") == f"{operation.version}.{operation.state}":
        return vary_by_request_type(HttpResponse(status=204))
    return _panel(request, operation)


@sensitive_post_parameters()
@sensitive_variables("form", "secrets", "values")
@require_POST
@needs(roles.REPAIR)
@holds_secret_form
def preview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say what would be sent; the page keeps what was typed and gets the plan only."""
    operation = _operation(pk)
    if operation.state != State.DRAFT:
        return _present(request, operation)
    sheet = sheet_of(operation.account)
    form = fields_form(sheet, operation, request.POST, request.FILES)
    is_valid = form.is_valid()
    values, secrets = split(form)
    seen = operations.preview(operation, values, frozenset(secrets))
    if not wants_fragment(request):
        _mark(form, seen)
        return _page(request, operation, status=200 if is_valid and seen.plan else 422, form=form, **_plan_of(seen))
    problems = _problems(form, seen)
    return _plan(request, operation, sheet, status=200, problems=problems, **_plan_of(seen))


@sensitive_post_parameters()
@sensitive_variables("form", "secrets", "values")
@require_POST
@needs(roles.REPAIR)
@holds_secret_form
def apply(request: HttpRequest, pk: UUID) -> HttpResponse:  # noqa: PLR0911 - one answer a result
    """Send the plan that the person saw, once."""
    operation = _operation(pk)
    if operation.state != State.DRAFT:
        return _present(request, operation)
    sheet = sheet_of(operation.account)
    form = fields_form(sheet, operation, request.POST, request.FILES)
    confirm = confirm_form(sheet, operation, request.POST)
    if not all([form.is_valid(), confirm is None or confirm.is_valid()]):
        return _invalid(request, operation, form, confirm)
    values, secrets = split(form)
    try:
        result = operations.start(
            operation,
            values,
            secrets,
            digest=request.POST.get("digest", ""),
            actor=request.user,
            reason=confirm.cleaned_data["reason"] if confirm else "",
        )
    except AuditUnavailable:
        return _hold_back(request, operation, sheet, AUDIT_UNAVAILABLE, form)
    match result:
        case Started(operation=started):
            return _present(request, started)
        case AlreadySent(operation=sent):
            return _present(request, sent)
        case InvalidValues(preview=seen):
            _mark(form, seen)
            return _invalid(request, operation, form, confirm)
        case PlanChanged(preview=seen):
            return _hold_back(request, operation, sheet, PLAN_CHANGED, form, **_plan_of(seen))
        case Held(by=by, operation=holder):
            return _hold_back(request, operation, sheet, held_notice(by, holder), form)
        case Busy():
            return _hold_back(request, operation, sheet, BUSY, form)
        case Nothing():
            return _hold_back(request, operation, sheet, NOTHING, form)
        case _:
            assert_never(result)


@sensitive_post_parameters()
@sensitive_variables("form", "token")
@require_POST
@needs(roles.REPAIR)
@holds_secret_form
def token(request: HttpRequest, pk: UUID) -> HttpResponse:  # noqa: PLR0911 - one answer a result
    """Relay the code of an open challenge."""
    operation = _operation(pk)
    challenge = operations.challenge_of(operation)
    if operation.state != State.AWAITING_TOKEN or challenge is None:
        return _present(request, operation, status=410)
    form = CodeForm(request.POST, challenge=challenge)
    if not form.is_valid():
        return _present(request, operation, status=422, code_form=form)
    try:
        result = operations.answer(operation, form.cleaned_data["code"], actor=request.user, attempt=_attempt(request))
    except AuditUnavailable:
        return _present(request, operation, status=503, notice=AUDIT_UNAVAILABLE)
    match result:
        case Started(operation=started):
            return _present(request, started)
        case RoomClosed(operation=closed, why=why):
            return _present(request, closed, status=410, notice=closed_notice(why))
        case Busy():
            return _present(request, operation, status=503, notice=BUSY)
        case Held(by=by, operation=holder):
            return _present(request, operation, status=409, notice=held_notice(by, holder))
        case Nothing():
            return _present(request, operation, status=422, notice=NOTHING)
        case _:
            assert_never(result)


@require_POST
@needs(roles.REPAIR)
@holds_secret_form
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give up a draft or an open challenge; what is under way cannot be called back."""
    operation = _operation(pk)
    operations.cancel(operation, actor=request.user)
    operation.refresh_from_db()
    return _present(request, operation)


@require_POST
@needs(roles.REPAIR)
@holds_secret_form
def again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Open a new draft with what was typed, secrets aside."""
    operation = _operation(pk)
    opened = operations.begin_again(operation, actor=request.user)
    if isinstance(opened, OpenRefused):
        return _refuse_to_open(request, operation.account, opened)
    return _present(request, opened)


# -- what is answered


def _account(pk: UUID) -> LinkedAccount:
    return get_object_or_404(LinkedAccount.objects.select_related("customer"), pk=pk)


def _operation(pk: UUID) -> Operation:
    return get_object_or_404(Operation.objects.select_related("account__customer", "previous", "actor"), pk=pk)


def _present(request: HttpRequest, operation: Operation, status: int = 200, **extra: Any) -> HttpResponse:
    """Show the operation's present state; without htmx a POST leads to its page, so that a reload is harmless."""
    if wants_fragment(request):
        return _panel(request, operation, status=status, **extra)
    if status == 200 and request.method == "POST":
        return redirect("operation-detail", pk=operation.pk)
    return _page(request, operation, status=status, **extra)


def _panel(request: HttpRequest, operation: Operation, status: int = 200, **extra: Any) -> HttpResponse:
    context = screen_context(request, operation, **extra)
    response = render(request, PANEL, context, status=status)
    if status == 422:
        # Morphing keeps what was typed: a password that is asked for again because of another field is lost work.
        response["HX-Reswap"] = "outerMorph"
    if operation.state != State.DRAFT:
        response["HX-Trigger"] = "account-changed"
    return vary_by_request_type(response)


def _page(request: HttpRequest, operation: Operation, status: int = 200, **extra: Any) -> HttpResponse:
    sheet = sheet_of(operation.account)
    context = screen_context(request, operation, sheet=sheet, **extra)
    context |= {"lines": lines_of(operation), "is_page": True}
    return vary_by_request_type(render(request, PAGE, context, status=status))


def _plan(request: HttpRequest, operation: Operation, sheet: Sheet, *, status: int, **extra: Any) -> HttpResponse:
    context = screen_context(request, operation, sheet=sheet) | {"notice": None} | extra
    response = render(request, "dashboard/_operation_plan.html", context, status=status)
    response["HX-Retarget"] = "#operation-plan"
    response["HX-Reswap"] = "outerHTML"
    return vary_by_request_type(response)


def _hold_back(
    request: HttpRequest, operation: Operation, sheet: Sheet, notice: Notice, form: ProviderForm, **plan: Any
) -> HttpResponse:
    """Say why nothing was sent; only the plan is swapped, so what was typed stays in the page."""
    if wants_fragment(request):
        return _plan(request, operation, sheet, status=notice.status, notice=notice, **plan)
    return _page(request, operation, status=notice.status, form=form, notice=notice, **plan)


def _invalid(request: HttpRequest, operation: Operation, form: ProviderForm, confirm: Any) -> HttpResponse:
    return _present(request, operation, status=422, form=form, confirm=confirm)


def _refuse_to_open(request: HttpRequest, account: LinkedAccount, refused: OpenRefused) -> HttpResponse:
    context = {"refused": refused, "account": account}
    if wants_fragment(request):
        return vary_by_request_type(render(request, "dashboard/_operation_refused.html", context, status=409))
    return render(request, "dashboard/operation_refused.html", context, status=409)


def _plan_of(seen: Preview) -> dict[str, Any]:
    return {"plan": seen.plan, "plan_digest": seen.plan.digest if seen.plan else ""}


def _mark(form: ProviderForm, seen: Preview) -> None:
    if seen.errors:
        add_remote_errors(form, seen.errors)


def _problems(form: ProviderForm, seen: Preview) -> list[str]:
    """Return what stands against the plan; what is only not filled in yet is not held against anybody while typing."""
    typed = [
        f"{form.fields[name].label}: {message}"
        for name, errors in form.errors.as_data().items()
        for error in errors
        for message in error.messages
        if error.code != "required" and name in form.fields
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


def _attempt(request: HttpRequest) -> int | None:
    """Return which challenge the room showed when the code was typed."""
    raw = request.POST.get("attempt", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else None
