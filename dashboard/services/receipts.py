"""The receipt of an operation: what reading back showed, in one sentence for people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from providers.attention import Attention
from providers.outcomes import Concern
from providers.plan import Plan

from ..models import LinkedAccount
from ..text import storable_json


def of_account(
    account: LinkedAccount, plan: Plan, confirmed: bool | None, at: datetime, *, by: str, reports_state: bool = True
) -> dict[str, Any]:
    """Return the receipt of a write after the account was read back; `confirmed` is what the provider made of it.

    Where the remote does not report a state, all that reading back can show is whether what was sent is there.
    """
    if confirmed is False:
        sentence = f"{by} accepted it, but what was read back at {_clock(at)} does not show it."
        return _receipt("not_shown", sentence, plan, at)
    if not reports_state and confirmed is None:
        return not_verifiable(plan, at, f"{by} accepted it, and reading it back cannot show it.")
    if reports_state and account.attention == Attention.HEALTHY:
        return _receipt("verified_healthy", f"Verified healthy at {_clock(at)}.", plan, at, account.attention)
    if confirmed and (not plan.secret_names or not reports_state):
        sentence = f"Confirmed at {_clock(at)}: what was sent is there."
        if account.attention != Attention.HEALTHY:
            sentence = f"{sentence} Still to be repaired: {account.headline}"
        return _receipt("confirmed", sentence, plan, at, account.attention)
    return _receipt("still_failing", f"Accepted, but still failing: {account.headline}", plan, at, account.attention)


def concerned(concern: Concern, plan: Plan, at: datetime, attention: str, *, by: str) -> dict[str, Any]:
    """Return the receipt of a write that went through and did something else beside."""
    told = " ".join(filter(None, (concern.rule.sentence, concern.evidence.remote_message)))
    return _receipt("moved", f"{by} took it, read back at {_clock(at)}. {told}", plan, at, attention)


def created(made: LinkedAccount, noun: str, plan: Plan, at: datetime, *, by: str) -> dict[str, Any]:
    """Return the receipt of something new; `account` leads to it."""
    sentence = f"Made: at {_clock(at)} {by} had the new {noun} “{made.title}”, {made.remote_id}."
    return _receipt("created", sentence, plan, at, made.attention) | {"account": str(made.pk), "noun": noun}


def deleted(plan: Plan, at: datetime, *, by: str) -> dict[str, Any]:
    return _receipt("deleted", f"Deleted: at {_clock(at)} {by} no longer had it.", plan, at, Attention.ENDED)


def handed_over(plan: Plan, at: datetime, until: datetime) -> dict[str, Any]:
    sentence = f"Made at {_clock(at)}. It works once, until {_clock(until)}; give it to nobody but the customer."
    return _receipt("handed_over", sentence, plan, at)


def shown(plan: Plan, at: datetime) -> dict[str, Any]:
    return _receipt("shown", f"Read at {_clock(at)}. Nothing was changed.", plan, at)


def not_done(account: LinkedAccount, plan: Plan, at: datetime) -> dict[str, Any]:
    sentence = f"Not done: what was read back at {_clock(at)} shows that it was not applied."
    return _receipt("still_failing", sentence, plan, at, account.attention)


def not_verifiable(plan: Plan, at: datetime, why: str) -> dict[str, Any]:
    return _receipt("not_verifiable", f"Not verifiable: {why}", plan, at)


def _receipt(verdict: str, sentence: str, plan: Plan, at: datetime, attention: str = "") -> dict[str, Any]:
    changes = [
        {"field": c.field, "label": c.label, "before": c.before, "after": c.after, "secret": c.secret}
        for c in plan.changes
    ]
    stored: dict[str, Any] = storable_json(
        {
            "verdict": verdict,
            "sentence": sentence,
            "attention": str(attention),
            "at": at.isoformat(),
            "changes": changes,
        }
    )
    return stored


def _clock(at: datetime) -> str:
    """Return the time of day with its zone, as people compare it with their own clock."""
    return f"{timezone.localtime(at):%H:%M %Z}"
