"""From the state of an operation to the screen that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import HttpRequest

from dashboard import roles
from dashboard.forms.operations import CodeForm, ConfirmForm
from dashboard.forms.provider_form import ProviderForm, add_remote_errors, form_for
from dashboard.models import Operation
from dashboard.models.operation import State
from dashboard.services import operations
from dashboard.services.account_sheet import Sheet, sheet_of
from providers.as_code import Code, code_of, of_plan
from providers.base import Action, Capability, Effect
from providers.fields import Field
from providers.plan import Plan

from .approval_display import asks_context, may_be_sent_now, waiting_context
from .challenge_display import display_of
from .conflict_display import display_of as conflict_of
from .conflict_display import joined_of
from .handovers import address_of
from .outcome_words import words_of


@dataclass(frozen=True, slots=True)
class Screen:
    """`template` is included by `_operation_panel.html`. `tone` colours its edge; words and an icon say the same."""

    template: str
    heading: str
    tone: str = "mute"
    icon: str = "info-circle"
    polls_every_s: int | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    holds_secret: bool = False


def screen_context(
    request: HttpRequest, operation: Operation | None, *, sheet: Sheet | None = None, **extra: Any
) -> dict[str, Any]:
    """Return the whole context of `_operation_panel.html`; without an operation the panel is empty and hidden."""
    if operation is None:
        return {"operation": None, "screen": None}
    sheet = sheet or sheet_of(operation.account)
    may_repair = request.user.has_perm(roles.REPAIR)
    screen = _screen_of(request, operation, sheet, may_repair, extra)
    context = {
        "operation": operation,
        "account": operation.account,
        "sheet": sheet,
        "action": action_of(sheet, operation),
        "may_repair": may_repair,
        "screen": screen,
        **screen.context,
        **extra,
    }
    context |= {"code": _code_of(context.get("plan"), sheet), "poll_key": poll_key(operation)}
    if operation.state == State.DRAFT and may_repair:
        context |= asks_context(request, operation.account, context.get("plan"), extra)
    return context


def poll_key(operation: Operation) -> str:
    """Return what changes with everything that the panel shows."""
    waits = operation.state == State.AWAITING_APPROVAL and operation.approval is not None
    decided = f".{operation.approval.state}" if waits and operation.approval else ""
    return f"{operation.version}.{operation.state}{decided}"


def _code_of(plan: object, sheet: Sheet) -> Code | None:
    """Return a plan as code to paste; secrets are named in it, they are in no plan."""
    if not isinstance(plan, Plan) or sheet.provider is None:
        return None
    return code_of(of_plan(plan.call), sheet.provider.signing(), sheet.account.integration)


def action_of(sheet: Sheet, operation: Operation) -> Action:
    """Return the declared action, or a stand-in for one that the provider no longer has."""
    actions = sheet.provider.actions if sheet.provider else ()
    known = next((action for action in actions if action.name == operation.action), None)
    return known or Action(operation.action, operation.action, Capability.UPDATE, Effect.WRITE, "edit")


def is_delicate(sheet: Sheet, name: str) -> bool:
    """Say whether an action carries a secret or cannot be taken back: such a one asks for fresh proof of the person."""
    if sheet.provider is None:
        return False
    action = sheet.action(name)
    fields = sheet.provider.fields(name, sheet.account.to_snapshot(), sheet.schema) if action else ()
    return (action is not None and action.danger) or any(field.secret for field in fields)


def fields_form(
    sheet: Sheet, operation: Operation, data: Any = None, files: Any = None, initial: Mapping[str, Any] | None = None
) -> ProviderForm:
    """Return the action's form on what the account is now; the draft's own values go before the account's."""
    fields: tuple[Field, ...] = ()
    if sheet.provider is not None:
        fields = sheet.provider.fields(operation.action, operation.account.to_snapshot(), sheet.schema)
    kept = operation.values if initial is None else initial
    made = form_for(fields)
    names = {source.name: name for name, source in made.sources.items()}
    return made(data, files, initial={names[key]: value for key, value in kept.items() if key in names})


def secrets_form(sheet: Sheet, operation: Operation, data: Any = None, files: Any = None) -> ProviderForm:
    """Return the form for the secrets of what was approved: all of them, and nothing else can be changed."""
    fields: tuple[Field, ...] = ()
    if sheet.provider is not None:
        fields = sheet.provider.fields(operation.action, operation.account.to_snapshot(), sheet.schema)
    wanted = [replace(each, required=True) for each in fields if each.secret and each.name in operation.secret_names]
    return form_for(tuple(wanted))(data, files)


def confirm_form(sheet: Sheet, operation: Operation, data: Any = None) -> ConfirmForm | None:
    """Return the form for the typed name where the action wants it."""
    if not action_of(sheet, operation).confirm_name:
        return None
    return ConfirmForm(data, name=confirm_name(sheet))


def confirm_name(sheet: Sheet) -> str:
    return sheet.account.title or sheet.institution or sheet.account.remote_id


def _screen_of(  # noqa: PLR0911 - one screen a state
    request: HttpRequest, operation: Operation, sheet: Sheet, may_repair: bool, extra: Mapping[str, Any]
) -> Screen:
    action = action_of(sheet, operation)
    match State(operation.state):
        case State.AWAITING_APPROVAL:
            form = (
                (extra.get("form") or secrets_form(sheet, operation))
                if may_be_sent_now(operation, request.user)
                else None
            )
            found = waiting_context(operation, request.user, form)
            heading = f"{action.label}: {found['waiting'].heading}"
            return Screen(
                "dashboard/_awaiting_approval.html", heading, "warn", "users", 5, found, holds_secret=form is not None
            )
        case State.DRAFT if may_repair:
            return _form_screen(operation, sheet, action, extra)
        case State.DRAFT:
            return Screen("dashboard/_operation_notice.html", f"{action.label}: a draft", context={"is_draft": True})
        case State.QUEUED | State.RUNNING:
            # Other words than the form's: a screen reader hears the heading when the screen changes.
            heading = f"{action.label}: under way"
            return Screen("dashboard/_operation_progress.html", heading, "brand", "hourglass", polls_every_s=1)
        case State.AWAITING_TOKEN:
            return _room_screen(operation, sheet, may_repair, extra)
        case State.ACCEPTED:
            return _outcome_screen(operation, polls_every_s=5)
        case State.UNKNOWN:
            return _outcome_screen(operation, polls_every_s=None if operation.closed_at else 3)
        case State.DONE:
            return _receipt_screen(request, operation, action)
        case State.REFUSED if operation.outcome.get("type") == "conflict":
            return _conflict_screen(operation, extra)
        case _:
            return _outcome_screen(operation)


def _conflict_screen(operation: Operation, extra: Mapping[str, Any]) -> Screen:
    """Show the three versions side by side; once they are no longer kept, the card alone."""
    conflict = conflict_of(operation, choices=extra.get("choices"), missing=extra.get("missing", ()))
    if conflict is None:
        return _outcome_screen(operation)
    words = words_of(operation)
    context = {"words": words, "conflict": conflict}
    return Screen("dashboard/_conflict.html", words.heading, words.tone, words.icon, context=context)


def _form_screen(operation: Operation, sheet: Sheet, action: Action, extra: Mapping[str, Any]) -> Screen:
    form = extra.get("form")
    if form is None:
        form = fields_form(sheet, operation)
        previous = operation.previous
        if previous is not None and previous.outcome.get("errors"):
            add_remote_errors(form, previous.outcome["errors"])
    context = {
        "form": form,
        "confirm": confirm_form(sheet, operation),
        "plan": Plan.from_json(operation.plan) if operation.plan else None,
        "plan_digest": operation.plan_digest,
        "notice": None,
        "joined": joined_of(operation),
    }
    tone = "bad" if action.danger else "brand"
    return Screen(
        "dashboard/_operation_form.html", action.label, tone, action.icon, context=context, holds_secret=form.has_secret
    )


def _room_screen(operation: Operation, sheet: Sheet, may_repair: bool, extra: Mapping[str, Any]) -> Screen:
    challenge = operations.challenge_of(operation)
    if challenge is None:
        words = words_of(operation)
        return Screen("dashboard/_outcome_card.html", words.heading, words.tone, words.icon, context={"words": words})
    if not may_repair:
        return Screen("dashboard/_operation_notice.html", "A code is awaited", "warn", "shield-lock", polls_every_s=5)
    context = {
        "challenge": challenge,
        "display": display_of(challenge),
        "code_form": extra.get("code_form") or CodeForm(challenge=challenge),
        "was_wrong": operation.tokens_sent > 0 and "code_form" not in extra,
    }
    heading = f"{sheet.institution} asks for a code" if challenge.expects_input else f"{sheet.institution} waits"
    # Another person or another tab may answer or leave it; until then the poll changes nothing, so typing goes on.
    return Screen("dashboard/_mfa_room.html", heading, "warn", "shield-lock", 5, context, holds_secret=True)


def _receipt_screen(request: HttpRequest, operation: Operation, action: Action) -> Screen:
    words = words_of(operation)
    handover = None
    if operation.actor_id == getattr(request.user, "pk", None):
        handover = operations.handover_of(operation)
    address = handover and (handover.url or address_of(request, operation))
    table = operation.outcome.get("table")
    context = {"words": words, "handover": handover, "handover_address": address, "table": table}
    return Screen(
        "dashboard/_receipt.html", words.heading, words.tone, words.icon, context=context, holds_secret=bool(handover)
    )


def _outcome_screen(operation: Operation, *, polls_every_s: int | None = None) -> Screen:
    words = words_of(operation)
    context = {"words": words}
    return Screen("dashboard/_outcome_card.html", words.heading, words.tone, words.icon, polls_every_s, context)
