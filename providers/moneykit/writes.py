"""Sending a plan to MoneyKit, and what each answer to it means."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ..answers import Handover, LookupTable, Snapshot
from ..cleaning import clean_text
from ..http import ApiSession, NoReply, Reply
from ..outcomes import Accepted, Evidence, Failure, Ok, Outcome
from ..plan import Plan, fill_body
from ..secrets import Secret
from . import client
from .errors import failure_of, outcome_of
from .repair_link import what_is_kept
from .rules.link import DELETED
from .snapshots import DELETED as STATE_DELETED
from .snapshots import link_of, snapshot_of

# Ours: the life of the page that opens the session. Assumed: a session token lives at least as long.
REPAIR_LINK_VALID_FOR = timedelta(minutes=30)
CHECK_AFTER_S = 30
# What to do about a field that MoneyKit refuses: its own message is a validator's, and seldom says.
SETTINGS_ADVICE = {
    "webhook": "Change the webhook, or take it away.",
    "link_tags": "Change the tags.",
}
REFRESH_ADVICE = {"products": "Tick other products, at least one."}


def send(session: ApiSession, plan: Plan) -> Outcome:
    """Send a plan once."""
    return _SENDERS[plan.action](session, plan, fill_body(plan.call, {}) or {})


def link_in(answer: Reply | NoReply, link_id: str, *, writes: bool) -> Ok[Snapshot] | Failure:
    """Return the link of an answer. A deleted link may answer 200 with the state `deleted`: that is gone too."""
    found = snapshot_of(answer.json) if isinstance(answer, Reply) and 200 <= answer.status < 300 else None
    if found is None or not isinstance(answer, Reply) or found.remote_id != link_id:
        return failure_of(answer, writes=writes)
    evidence = Evidence(http_status=answer.status, request_id=answer.request_id[:64])
    if found.status == STATE_DELETED:
        return outcome_of(DELETED, evidence)
    return Ok(found, evidence)


def _settings(session: ApiSession, plan: Plan, body: Mapping[str, Any]) -> Outcome:
    answer = client.patch_link(session, plan.remote_id, body)
    if isinstance(answer, Reply) and answer.status >= 400:
        return failure_of(answer, writes=True, known_fields=SETTINGS_ADVICE)
    return _written(link_in(answer, plan.remote_id, writes=True))


def _refresh(session: ApiSession, plan: Plan, body: Mapping[str, Any]) -> Outcome:
    """Source: SDK, 202 with the link as it is now. Assumed: any 2xx with the link means that it was taken."""
    answer = client.refresh_products(session, plan.remote_id, body)
    found = link_in(answer, plan.remote_id, writes=True)
    if isinstance(found, Ok):
        return Accepted(CHECK_AFTER_S, found.evidence)
    return failure_of(answer, writes=True, known_fields=REFRESH_ADVICE) if _is_refusal(answer) else found


def _reset(session: ApiSession, plan: Plan, body: Mapping[str, Any]) -> Outcome:
    return _written(link_in(client.reset_link(session, plan.remote_id), plan.remote_id, writes=True))


def _delete(session: ApiSession, plan: Plan, body: Mapping[str, Any]) -> Outcome:
    """Reading back tells when it is gone. Assumed: any 2xx that names no error means that it was taken."""
    answer = client.delete_link(session, plan.remote_id)
    if isinstance(answer, Reply) and 200 <= answer.status < 300 and _names_no_error(answer):
        return Ok(None, Evidence(http_status=answer.status, request_id=answer.request_id[:64]))
    return failure_of(answer, writes=True)


def _repair_link(session: ApiSession, plan: Plan, body: Mapping[str, Any]) -> Outcome:
    """Make a session with what the link carries *now*. A token that got lost changes nothing: nobody holds it."""
    current = link_in(client.get_link(session, plan.remote_id), plan.remote_id, writes=False)
    if not isinstance(current, Ok):
        return current
    fresh = {key: value for key, value in body.items() if key != "webhook"} | what_is_kept(link_of(current.value))
    asked_at = datetime.now(UTC)
    answer = client.create_link_session(session, fresh)
    token = _text_of(answer, "link_session_token")
    if not token:
        return failure_of(answer, writes=False, about_link=False)
    return Ok(
        Handover(
            url=Secret(""),
            session=Secret(token),
            expires_at=asked_at + REPAIR_LINK_VALID_FOR,
            note="Send it to the customer now. It works once and for 30 minutes, and nobody needs to tell a password.",
        )
    )


def _test_webhook(session: ApiSession, plan: Plan, body: Mapping[str, Any]) -> Outcome:
    key = f"linkdesk-test-{uuid.uuid4()}"
    answer = client.send_test_webhook(session, plan.remote_id, {**body, "webhook_idempotency_key": key})
    token = _text_of(answer, "delivery_token")
    if not token:
        return failure_of(answer, writes=False)
    return Ok(
        LookupTable(
            ("Event", "Idempotency key", "Delivery token"),
            ((str(body.get("webhook_event", "")), key, token[:200]),),
            note="Quote the delivery token to MoneyKit's support if nothing arrived.",
        )
    )


def _written(found: Ok[Snapshot] | Failure) -> Outcome:
    return Ok(found.value, found.evidence) if isinstance(found, Ok) else found


def _is_refusal(answer: Reply | NoReply) -> bool:
    return isinstance(answer, Reply) and answer.status >= 400


def _names_no_error(reply: Reply) -> bool:
    return not reply.text.strip() or (isinstance(reply.json, dict) and "error_code" not in _errors_in(reply.json))


def _errors_in(raw: dict[str, Any]) -> dict[str, Any]:
    """Return what of an object would be an error: a link has an `error_code` too, and it is no refusal."""
    return {} if raw.get("link_id") else raw


def _text_of(answer: Reply | NoReply, key: str) -> str:
    if not isinstance(answer, Reply) or not 200 <= answer.status < 300 or not isinstance(answer.json, dict):
        return ""
    return clean_text(answer.json.get(key), 8192)


_SENDERS: Mapping[str, Callable[[ApiSession, Plan, Mapping[str, Any]], Outcome]] = {
    "settings": _settings,
    "refresh": _refresh,
    "reset": _reset,
    "delete": _delete,
    "repair_link": _repair_link,
    "test_webhook": _test_webhook,
}
