"""The pipeline of a write, step by step: draft, preview, apply, watch. What follows is in `operation_follow_up.py`."""

from __future__ import annotations

from typing import assert_never
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_safe

from dashboard import roles
from dashboard.forms.approvals import AskForm
from dashboard.forms.provider_form import split
from dashboard.models import LinkedAccount, Operation, User
from dashboard.models.operation import State
from dashboard.services import operations
from dashboard.services.access_log import record_read
from dashboard.services.account_sheet import sheet_of
from dashboard.services.audit import Actor, Target
from dashboard.services.results import (
    AlreadySent,
    AskedAlready,
    AskResult,
    Busy,
    Held,
    InvalidValues,
    Met,
    NeedsApproval,
    NotApproved,
    Nothing,
    NotNeeded,
    OpenRefused,
    PlanChanged,
    Started,
    StartResult,
    Waiting,
)
from dashboard.sign_in.door import polled
from dashboard.sign_in.proof import is_fresh

from .access import needs
from .approval_display import may_be_sent_now
from .notices import (
    BUSY,
    NOT_BEGUN,
    NOT_NEEDED,
    NOTHING,
    PLAN_CHANGED,
    asked_already_notice,
    held_notice,
    needs_approval_notice,
    not_approved_notice,
    not_begun_notice,
    not_fresh_notice,
)
from .operation_answers import (
    hold_back,
    invalid,
    mark,
    page,
    panel,
    plan_fragment,
    plan_of,
    present,
    problems_of,
    refuse_to_open,
)
from .operation_screens import confirm_form, fields_form, is_delicate, poll_key, secrets_form
from .post_only import post_only
from .proof import ask, question_in_new_tab
from .rendering import holds_secret_form, vary_by_request_type, wants_fragment


@post_only("linked-account-detail")
@needs(roles.REPAIR)
@holds_secret_form
def create(request: HttpRequest, pk: UUID, action: str) -> HttpResponse:
    """Make a draft with its first preview; nothing is sent."""
    account = _account(pk)
    if not is_fresh(request) and is_delicate(sheet_of(account), action):
        return ask(request)
    opened = operations.open_draft(account, action, actor=person_of(request))
    if isinstance(opened, OpenRefused):
        return refuse_to_open(request, account, opened)
    return present(request, opened)


@require_safe
@needs(roles.VIEW)
@holds_secret_form
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one operation as it is now: also after Back and after a reload."""
    operation = operation_of(pk)
    record_read(Actor.of(request.user), Target.of(operation.account), "account.read")
    return page(request, operation)


@polled
@require_safe
@needs(roles.VIEW)
@holds_secret_form
def status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer the poll: nothing while nothing changed, the panel when something did."""
    operation = operation_of(pk)
    if not wants_fragment(request):
        return redirect("operation-detail", pk=operation.pk)
    if request.GET.get("since") == poll_key(operation):
        return vary_by_request_type(HttpResponse(status=204))
    return panel(request, operation)


@sensitive_post_parameters()
@sensitive_variables("form", "secrets", "values")
@post_only("operation-detail")
@needs(roles.REPAIR)
@holds_secret_form
def preview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say what would be sent; the page keeps what was typed and gets the plan only."""
    operation = operation_of(pk)
    if operation.state != State.DRAFT:
        return present(request, operation)
    sheet = sheet_of(operation.account)
    form = fields_form(sheet, operation, request.POST, request.FILES)
    is_valid = form.is_valid()
    values, secrets = split(form)
    seen = operations.preview(operation, values, frozenset(secrets))
    if not wants_fragment(request):
        mark(form, seen)
        return page(request, operation, status=200 if is_valid and seen.plan else 422, form=form, **plan_of(seen))
    problems = problems_of(form, seen)
    return plan_fragment(request, operation, sheet, status=200, problems=problems, **plan_of(seen))


@sensitive_post_parameters()
@sensitive_variables("form", "secrets", "values")
@post_only("operation-detail")
@needs(roles.REPAIR)
@holds_secret_form
def apply(request: HttpRequest, pk: UUID) -> HttpResponse:  # noqa: PLR0911, PLR0912 - one answer a result
    """Send the plan that the person saw, once; or ask a second person for it."""
    operation = operation_of(pk)
    is_approved = may_be_sent_now(operation, request.user)
    if operation.state != State.DRAFT and not is_approved:
        return present(request, operation)
    sheet = sheet_of(operation.account)
    form = (secrets_form if is_approved else fields_form)(sheet, operation, request.POST, request.FILES)
    asks = AskForm(request.POST) if "asks" in request.POST and not is_approved else None
    if not is_fresh(request) and (asks or is_approved or is_delicate(sheet, operation.action)):
        # It was asked for when the draft was opened, and has gone stale meanwhile.
        return hold_back(request, operation, sheet, not_fresh_notice(question_in_new_tab()), form)
    confirm = None if is_approved else confirm_form(sheet, operation, request.POST)
    if not all([form.is_valid(), confirm is None or confirm.is_valid(), asks is None or asks.is_valid()]):
        return invalid(request, operation, form, confirm, asks)
    values, secrets = split(form)
    digest, actor = request.POST.get("digest", ""), person_of(request)
    result: StartResult | AskResult
    try:
        if asks is not None:
            result = operations.ask(
                operation, values, frozenset(secrets), digest=digest, actor=actor, **asks.cleaned_data
            )
        else:
            reason = confirm.cleaned_data["reason"] if confirm else ""
            result = operations.start(operation, values, secrets, digest=digest, actor=actor, reason=reason)
    except NOT_BEGUN as trouble:
        return hold_back(request, operation, sheet, not_begun_notice(trouble), form)
    match result:
        case Started(operation=shown) | AlreadySent(operation=shown) | Waiting(operation=shown):
            return present(request, shown)
        case InvalidValues(preview=seen):
            mark(form, seen)
            return invalid(request, operation, form, confirm, asks)
        case PlanChanged(preview=seen):
            return hold_back(request, operation, sheet, PLAN_CHANGED, form, **plan_of(seen))
        case NeedsApproval(preview=seen, key=key):
            return hold_back(request, operation, sheet, needs_approval_notice(key), form, **plan_of(seen))
        case NotNeeded(preview=seen):
            return hold_back(request, operation, sheet, NOT_NEEDED, form, **plan_of(seen))
        case AskedAlready(by=by, operation=other):
            return hold_back(request, operation, sheet, asked_already_notice(by, other), form)
        case NotApproved(operation=shown, why=why):
            return present(request, shown, status=409, notice=not_approved_notice(why))
        case Met(operation=refused):
            return present(request, refused, status=409)
        case Held(by=by, operation=holder):
            return hold_back(request, operation, sheet, held_notice(by, holder), form)
        case Busy():
            return hold_back(request, operation, sheet, BUSY, form)
        case Nothing():
            return hold_back(request, operation, sheet, NOTHING, form)
        case _:
            assert_never(result)


def _account(pk: UUID) -> LinkedAccount:
    return get_object_or_404(LinkedAccount.objects.select_related("customer"), pk=pk)


def operation_of(pk: UUID) -> Operation:
    return get_object_or_404(
        Operation.objects.select_related("account__customer", "previous", "actor", "approval"), pk=pk
    )


def person_of(request: HttpRequest) -> User:
    """Return who is signed in; nobody else gets past `needs`."""
    assert isinstance(request.user, User)  # noqa: S101 - for the type checker
    return request.user
