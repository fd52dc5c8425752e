"""Sending a plan to Belvo, and what each answer to it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from ..answers import Challenge, Handover, Snapshot
from ..cleaning import clean_text
from ..http import ApiSession, NoReply, Reply
from ..outcomes import Accepted, Evidence, FieldErrors, NeedsToken, Ok, Outcome
from ..plan import Plan, fill_body, missing_secrets
from ..secrets import Secret
from . import client
from .challenges import challenge_in
from .consents import consent_table
from .documents import DOCUMENT_FIELDS, as_base64
from .errors import evidence_of, failure_of
from .fields import UPDATABLE
from .payloads import PagePayload, is_page, read
from .rules.local import SESSION_UNKNOWN
from .snapshots import snapshot_of

WIDGET_URL = "https://widget.belvo.io/"
# Source: Belvo “Hosted Widget Overview (OFDA)”: valid for 10 minutes, dead after a successful connect.
REPAIR_LINK_VALID_FOR = timedelta(minutes=10)
CHECK_AFTER_S = 30
_CREDENTIAL_FIELDS = frozenset((*UPDATABLE, *DOCUMENT_FIELDS, "encryption_key"))
_SETTING_FIELDS = frozenset({"access_mode", "stale_in", "fetch_resources"})
# What the transport writes in place of a secret that the remote echoed.
_REDACTED = "•••"


def send(session: ApiSession, plan: Plan, secrets: Mapping[str, Secret], own: Mapping[str, Secret]) -> Outcome:
    """Send a plan once. A secret that the plan names and nobody gave ends here, before anything is sent."""
    known = (
        own if plan.action == "repair_link" else {name: secrets[name] for name in plan.secret_names if name in secrets}
    )
    if missing := missing_secrets(plan.call, known):
        return FieldErrors(dict.fromkeys(missing, ("Type it again: it is not kept.",)))
    encoded = {name: as_base64(secret) if name in DOCUMENT_FIELDS else secret for name, secret in known.items()}
    body = fill_body(plan.call, encoded) or {}
    return _SENDERS[plan.action](session, plan, body)


def resume(session: ApiSession, challenge: Challenge, token: Secret | None) -> Outcome:
    """Answer a challenge. A wrong code is another `NeedsToken`, with a new session.

    Assumed: a session from a PUT is resumed by PATCH /api/links/, as one from registering is.
    """
    given = token if challenge.expects_input else None
    answer = client.resume_session(session, challenge.remote_id, challenge.session, given)
    return _login_outcome(
        answer,
        challenge.remote_id,
        previous=challenge,
        failed=lambda: failure_of(
            answer, writes=True, known_fields=frozenset({"token"}), meanings={"belvo.not_found": SESSION_UNKNOWN}
        ),
    )


def _credentials(session: ApiSession, plan: Plan, body: Mapping[str, Any]) -> Outcome:
    answer = client.put_credentials(session, plan.remote_id, body)
    return _login_outcome(
        answer,
        plan.remote_id,
        previous=None,
        failed=lambda: failure_of(answer, writes=True, known_fields=_CREDENTIAL_FIELDS),
    )


def _login_outcome(
    answer: Reply | NoReply, remote_id: str, *, previous: Challenge | None, failed: Callable[[], Outcome]
) -> Outcome:
    if isinstance(answer, Reply):
        if _is_success(answer) and _is_link(answer, remote_id):
            return Ok(_safe_snapshot(answer), Evidence(http_status=answer.status))
        now = datetime.now(UTC)
        if challenge := challenge_in(answer, remote_id=remote_id, received_at=now, previous=previous):
            return NeedsToken(challenge, evidence_of(answer))
    return failed()


def _settings(session: ApiSession, plan: Plan, body: Mapping[str, Any]) -> Outcome:
    answer = client.patch_settings(session, plan.remote_id, body)
    if isinstance(answer, Reply) and _is_success(answer) and _is_link(answer, plan.remote_id):
        return Ok(_safe_snapshot(answer), Evidence(http_status=answer.status))
    return failure_of(answer, writes=True, known_fields=_SETTING_FIELDS)


def _refresh(session: ApiSession, plan: Plan, body: Mapping[str, Any]) -> Outcome:
    answer = client.post_refresh(session, plan.remote_id, body)
    if isinstance(answer, Reply) and _is_success(answer) and answer.is_json:
        return Accepted(CHECK_AFTER_S, _accepted(answer))
    return failure_of(answer, writes=True, known_fields=frozenset({"fetch_resources"}))


def _delete(session: ApiSession, plan: Plan, body: Mapping[str, Any]) -> Outcome:
    """Source: OAS 1.223.0: 202 with the async header, 204 without. Either way, reading back tells when it is gone."""
    answer = client.delete_link(session, plan.remote_id, plan.call.headers or {})
    if isinstance(answer, Reply) and answer.status in {202, 204}:
        return Accepted(CHECK_AFTER_S, _accepted(answer))
    return failure_of(answer, writes=True)


def _repair_link(session: ApiSession, plan: Plan, body: Mapping[str, Any]) -> Outcome:
    """Make a new token for each link: it works once, and it is never kept in the clear."""
    asked_at = datetime.now(UTC)
    answer = client.make_widget_token(session, body)
    access = _text_of(answer, "access")
    if not access:
        # A token that got lost changes nothing: nobody holds it, and it dies in 10 minutes.
        return failure_of(answer, writes=False)
    locale = next((change.after for change in plan.changes if change.field == "locale"), None)
    query = urlencode({"access_token": access, "locale": locale or "es"})
    return Ok(
        Handover(
            url=Secret(f"{WIDGET_URL}?{query}"),
            expires_at=asked_at + REPAIR_LINK_VALID_FOR,
            note="Send it to the customer now. It works once and for 10 minutes, and nobody needs to tell a password.",
        )
    )


def _consents(session: ApiSession, plan: Plan, body: Mapping[str, Any]) -> Outcome:
    document = body["user_document"]
    digits = "".join(filter(str.isdigit, client.as_bytes(document).decode("utf-8", "replace")))
    if not 11 <= len(digits) <= 14:
        return FieldErrors({"user_document": ("A CPF has 11 digits, a CNPJ has 14.",)})
    answer = client.find_consents(session, Secret(digits))
    if isinstance(answer, Reply) and answer.status == 200 and is_page(answer.json):
        return Ok(consent_table(read(PagePayload, answer.json), remote_id=plan.remote_id))
    return failure_of(answer, writes=False, known_fields=frozenset({"user_document"}))


def _is_success(reply: Reply) -> bool:
    """Source: 200 in OAS 1.223.0, 201 on the MFA page and in the SDK for Ruby: any 2xx with a link."""
    return 200 <= reply.status < 300


def _is_link(reply: Reply, remote_id: str) -> bool:
    found = snapshot_of(reply.json) if reply.is_json else None
    return found is not None and (found.remote_id == remote_id or _REDACTED in found.remote_id)


def _safe_snapshot(reply: Reply) -> Snapshot | None:
    """Return the link in the answer, unless a filtered secret left a hole in it: then only reading back tells."""
    return None if _REDACTED in reply.text else snapshot_of(reply.json)


def _accepted(reply: Reply) -> Evidence:
    return Evidence(http_status=reply.status, request_id=client.accepted_id(reply))


def _text_of(answer: Reply | NoReply, key: str) -> str:
    if not isinstance(answer, Reply) or not _is_success(answer) or not isinstance(answer.json, dict):
        return ""
    return clean_text(answer.json.get(key), 8192)


_SENDERS: Mapping[str, Callable[[ApiSession, Plan, Mapping[str, Any]], Outcome]] = {
    "credentials": _credentials,
    "settings": _settings,
    "refresh": _refresh,
    "delete": _delete,
    "repair_link": _repair_link,
    "consents": _consents,
}
