"""A ready text about one account for whoever can help where no agent can: the provider's support, or an administrator.

Nothing of it is secret, and of persons there is no more than what the provider knows already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from providers.attention import Attention, Who

from .. import roles
from ..models import ApiCall, LinkedAccount, Operation, User
from ..status import exact
from .account_sheet import Sheet

# As much as somebody at a help desk reads.
CALLS_TOLD = 8
ADMINS_NAMED = 12
_WORDS = {Attention.PROVIDER_TROUBLE: "Escalate", Attention.OUR_KEYS: "Tell an admin"}
# What a text is for, by who must act: on an account, and on an operation that went wrong.
_OF_WHO = {Who.PROVIDER: Attention.PROVIDER_TROUBLE, Who.ADMIN: Attention.OUR_KEYS}


@dataclass(frozen=True, slots=True)
class Report:
    """`to` names the people to tell, with their addresses; empty where they are at the provider."""

    title: str
    text: str
    to: tuple[str, ...] = ()


def report_word(attention: str) -> str:
    """Return the word on the button that leads to a report; "" where somebody else can help better."""
    return _WORDS.get(Attention(attention), "") if attention else ""


def report_word_of(operation: Operation) -> str:
    """Return the same for what came of an operation."""
    return report_word(_OF_WHO.get(operation.outcome.get("who", ""), ""))


def report_of(sheet: Sheet, *, address: str, operation: Operation | None = None) -> Report:
    """Return the report on an account, or on what came of one of its operations; `address` is its page."""
    account = sheet.account
    attention = _OF_WHO.get(operation.outcome.get("who", ""), "") if operation else account.attention
    is_for_admin = attention == Attention.OUR_KEYS
    told = _of_operation(operation) if operation else _of_account(account)
    about = [
        ("Provider", f"{sheet.provider_name} (integration {account.integration})"),
        (f"{sheet.noun.capitalize()} id", account.remote_id),
        (sheet.schema_noun.capitalize(), account.schema_key),
        ("External id", account.external_id),
        (f"Status at {sheet.provider_name}", account.status),
        ("Last success", exact(account.last_success_at) or "never, or not told"),
    ]
    lines = [*_told(told), "", *_told(about), "", "What was tried, newest first:", *(_tried(account) or ["- nothing"])]
    if is_for_admin:
        lines += ["", f"In Linkdesk: {address}"]
    whom = "an admin" if is_for_admin else f"{sheet.provider_name}'s support"
    return Report(f"Tell {whom}", "\n".join(lines), _admins() if is_for_admin else ())


def _of_account(account: LinkedAccount) -> list[tuple[str, Any]]:
    code, at = account.cause_code or account.error_code, account.cause_at or account.checked_at
    return [
        ("What happened", account.headline),
        ("Next", account.explanation),
        *_evidence(code, account.cause_evidence, at),
        ("Like this since", exact(account.attention_since)),
    ]


def _of_operation(operation: Operation) -> list[tuple[str, Any]]:
    outcome = operation.outcome
    at = operation.sent_at or operation.created_at
    return [
        ("What happened", outcome.get("sentence", "")),
        ("Next", outcome.get("next_step", "")),
        *_evidence(outcome.get("rule", ""), outcome, at),
        ("Operation in Linkdesk", str(operation.pk)),
    ]


def _evidence(code: str, evidence: Mapping[str, Any], at: datetime | None) -> list[tuple[str, Any]]:
    return [
        ("Code", code),
        ("The provider's code", evidence.get("remote_code")),
        ("HTTP status", evidence.get("http_status")),
        ("Its message", evidence.get("remote_message")),
        ("Request id", evidence.get("request_id")),
        ("When", exact(at)),
    ]


def _told(pairs: list[tuple[str, Any]]) -> Iterator[str]:
    return (f"{label}: {' '.join(str(value).split())}" for label, value in pairs if value not in (None, ""))


def _tried(account: LinkedAccount) -> list[str]:
    return [_call(call) for call in account.calls.defer("request_body", "response_body")[:CALLS_TOLD]]


def _call(call: ApiCall) -> str:
    answer = str(call.status) if call.status else (call.failure or "no answer").replace("_", " ")
    request_id = f", request id {call.request_id}" if call.request_id else ""
    return f"- {exact(call.at)}: {call.method} {call.path_template}, {answer}, {call.duration_ms} ms{request_id}"


def _admins() -> tuple[str, ...]:
    app_label, _, codename = roles.MANAGE_STAFF.partition(".")
    by_role = Q(groups__permissions__codename=codename, groups__permissions__content_type__app_label=app_label)
    # Not `with_perm`: it counts permissions given to one person, which `sign_in.RoleBackend` does not.
    staff = User.objects.filter(by_role, is_active=True).distinct()
    people = staff.order_by("name", "email")[:ADMINS_NAMED]
    return tuple(f"{person.name} <{person.email}>" if person.name else person.email for person in people)
