"""What becomes of an operation that was begun: the code relayed, cancelled, begun again, or left as it is."""

from __future__ import annotations

from typing import assert_never
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from dashboard import roles
from dashboard.forms.operations import CodeForm
from dashboard.models.operation import State
from dashboard.services import operations
from dashboard.services.account_sheet import sheet_of
from dashboard.services.results import Busy, Held, Nothing, OpenRefused, RoomClosed, Started, Unchosen
from dashboard.sign_in.proof import is_fresh

from .access import needs
from .conflict_display import choices_in
from .notices import BUSY, NOT_BEGUN, NOTHING, closed_notice, held_notice, not_begun_notice
from .operation_answers import present, refuse_to_open
from .operation_screens import is_delicate
from .operations import operation_of, person_of
from .post_only import post_only
from .proof import ask
from .rendering import holds_secret_form


@sensitive_post_parameters()
@sensitive_variables("form", "token")
@post_only("operation-detail")
@needs(roles.REPAIR)
@holds_secret_form
def token(request: HttpRequest, pk: UUID) -> HttpResponse:  # noqa: PLR0911 - one answer a result
    """Relay the code of an open challenge."""
    operation = operation_of(pk)
    challenge = operations.challenge_of(operation)
    if operation.state != State.AWAITING_TOKEN or challenge is None:
        return present(request, operation, status=410)
    form = CodeForm(request.POST, challenge=challenge)
    if not form.is_valid():
        return present(request, operation, status=422, code_form=form)
    try:
        result = operations.answer(
            operation, form.cleaned_data["code"], actor=person_of(request), attempt=_attempt(request)
        )
    except NOT_BEGUN as trouble:
        return present(request, operation, status=503, notice=not_begun_notice(trouble))
    match result:
        case Started(operation=started):
            return present(request, started)
        case RoomClosed(operation=closed, why=why):
            return present(request, closed, status=410, notice=closed_notice(why))
        case Busy():
            return present(request, operation, status=503, notice=BUSY)
        case Held(by=by, operation=holder):
            return present(request, operation, status=409, notice=held_notice(by, holder))
        case Nothing():
            return present(request, operation, status=422, notice=NOTHING)
        case _:
            assert_never(result)


@post_only("operation-detail")
@needs(roles.REPAIR)
@holds_secret_form
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give up a draft or an open challenge; what is under way cannot be called back."""
    operation = operation_of(pk)
    operations.cancel(operation, actor=person_of(request))
    operation.refresh_from_db()
    return present(request, operation)


@post_only("operation-detail")
@needs(roles.REPAIR)
@holds_secret_form
def again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Open a new draft with what was typed, secrets aside."""
    operation = operation_of(pk)
    if not is_fresh(request) and is_delicate(sheet_of(operation.account), operation.action):
        return ask(request)
    choices = choices_in(request.POST, operation)
    opened = operations.begin_again(operation, actor=person_of(request), choices=choices)
    match opened:
        case OpenRefused():
            return refuse_to_open(request, operation.account, opened)
        case Unchosen(names=names):
            return present(request, operation, status=422, choices=choices, missing=names)
        case _:
            return present(request, opened)


@post_only("operation-detail")
@needs(roles.REPAIR)
def leave(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give up a change that met another one: what somebody else made stays."""
    operation = operation_of(pk)
    operations.leave_as_it_is(operation, actor=person_of(request))
    return redirect("linked-account-detail", pk=operation.account_id)


def _attempt(request: HttpRequest) -> int | None:
    """Return which challenge the room showed when the code was typed."""
    raw = request.POST.get("attempt", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else None
