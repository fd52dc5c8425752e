"""Sending a plan to Flxpoint: read again, compare, send once. What each answer means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..answers import Snapshot
from ..http import ApiSession, NoReply, Reply
from ..outcomes import Conflict, Evidence, Failure, FieldErrors, Ok, Outcome, Unavailable
from ..plan import Plan
from ..secrets import Secret
from . import client
from .configs import Config, Held, configs_in
from .errors import ON_A_LIST, failure_of, outcome_of
from .payloads import ConfigPayload, ConnectionPayload, read
from .rules import ALREADY_THERE, CHANGED_MEANWHILE
from .secrecy import is_mask
from .snapshots import content_digest, snapshot_of

_MASK = "This is only a placeholder for a value. Type the value itself, or leave the field blank to keep what is set."
_NOT_TEXT = "This file is not a text file. Choose the file that holds the key as text."


def send_configs(session: ApiSession, plan: Plan, secrets: Mapping[str, Secret]) -> Outcome:
    """Replace a connection's configs, if nobody else has changed it since it was planned.

    There is no lock at Flxpoint: this narrows the window in which two changes can meet, it does not close it.
    """
    typed = _typed(plan, secrets)
    if isinstance(typed, FieldErrors):
        return typed
    answer = client.get_connection(session, plan.remote_id)
    theirs = connection_in(answer, session, plan.remote_id)
    if theirs is None or not isinstance(answer, Reply):
        return failure_of(answer, writes=False)
    if content_digest(theirs) != plan.base_digest:
        return Conflict(CHANGED_MEANWHILE, theirs, Evidence(http_status=answer.status))
    body = _filled(plan, typed, _kept(answer.json, theirs))
    written = client.put_connection(session, plan.remote_id, body)
    if isinstance(written, Reply) and _is_connection(written, plan.remote_id):
        # No snapshot: what was sent in secret has been filtered out of this answer. Reading back shows the rest.
        return Ok(None, Evidence(http_status=written.status))
    return failure_of(written, writes=True, names=_names(plan, theirs))


def send_create(session: ApiSession, plan: Plan, secrets: Mapping[str, Secret]) -> Outcome:
    """Make a connection. POST is not idempotent: before and, if its answer is lost, after it the list is looked at.

    Source: the contract, section 6.3: on a timeout, look for the same type and name before trying again.
    """
    typed = _typed(plan, secrets)
    if isinstance(typed, FieldErrors):
        return typed
    there = _alike(session, plan)
    if not isinstance(there, list):
        return there
    if there:
        return outcome_of(ALREADY_THERE, Evidence(remote_message=f"Its id is {there[0].remote_id}."))
    answer = client.post_connection(session, _filled(plan, typed, {}))
    is_made = isinstance(answer, Reply) and _is_success(answer)
    made = read(ConnectionPayload, answer.json).id if isinstance(answer, Reply) and is_made else None
    if made is not None:
        # Read again, because what was sent in secret has been filtered out of this answer.
        return Ok(connection_in(client.get_connection(session, str(made)), session, str(made)))
    failure = failure_of(answer, writes=True, names=_names(plan, None))
    if isinstance(failure, Unavailable) and failure.maybe_applied:
        found = _alike(session, plan)
        if isinstance(found, list) and len(found) == 1:
            return Ok(found[0], failure.evidence)
    return failure


def connection_in(answer: Reply | NoReply, session: ApiSession, remote_id: str) -> Snapshot | None:
    """Return the connection of an answer, if it is the one that was asked for."""
    if not _is_success(answer) or not isinstance(answer, Reply):
        return None
    found = snapshot_of(answer.json, session.fingerprint)
    return found if found is not None and found.remote_id == remote_id else None


def _alike(session: ApiSession, plan: Plan) -> list[Snapshot] | Failure:
    answer = client.list_connections(session)
    if not (isinstance(answer, Reply) and _is_success(answer) and isinstance(answer.json, list)):
        return failure_of(answer, writes=False, meanings=ON_A_LIST)
    body = plan.call.body or {}
    found = (snapshot_of(raw, session.fingerprint) for raw in answer.json)
    return [
        one
        for one in found
        if one and (one.body["connectionType"], one.body["name"]) == (body.get("connectionType"), body.get("name"))
    ]


def _typed(plan: Plan, secrets: Mapping[str, Secret]) -> dict[str, Secret] | FieldErrors:
    """Return the secrets of the plan as text; what is missing or only a mask ends here, before anything is sent."""
    typed: dict[str, Secret] = {}
    errors: dict[str, tuple[str, ...]] = {}
    for name in plan.secret_names:
        try:
            text = client.as_text(secrets[name]) if secrets.get(name) else ""
        except UnicodeDecodeError:
            errors[name] = (_NOT_TEXT,)
            continue
        if not text:
            errors[name] = ("Type it again: it is not kept.",)
        elif is_mask(text):
            errors[name] = (_MASK,)
        else:
            typed[name] = Secret(text.replace("\r\n", "\n"))
    return FieldErrors(errors) if errors else typed


def _kept(raw: Any, theirs: Snapshot) -> dict[str, Secret]:
    """Return the secrets that stay as they are, from the read that was just made; they live as long as this call."""
    secret = {config.handle for config in configs_in(theirs) if config.secret and config.held == Held.SET}
    kept: dict[str, Secret] = {}
    for one in read(ConnectionPayload, raw).configs:
        config = read(ConfigPayload, one)
        if config.handle in secret and config.value is not None:
            kept.setdefault(config.handle, Secret(config.value))
    return kept


def _filled(plan: Plan, typed: Mapping[str, Secret], kept: Mapping[str, Secret]) -> dict[str, Any]:
    """Return the body with each secret in its place. By handle: a value that looks like a placeholder stays one."""
    body = dict(plan.call.body or {})
    secrets = {**kept, **typed}
    body["configs"] = [
        {**entry, "value": secrets.get(entry["handle"], entry["value"])} for entry in body.get("configs", ())
    ]
    return body


def _names(plan: Plan, theirs: Snapshot | None) -> dict[str, str]:
    """Return what a refusal may name: what was sent, by handle, with its label."""
    labels = {config.handle: config.label for config in _open(theirs)}
    sent = [entry["handle"] for entry in (plan.call.body or {}).get("configs", ())]
    return {**labels, **{handle: labels.get(handle, "") for handle in sent}}


def _open(theirs: Snapshot | None) -> tuple[Config, ...]:
    return tuple(config for config in configs_in(theirs) if config.is_open) if theirs else ()


def _is_success(answer: Reply | NoReply) -> bool:
    """Source: 200, also for POST; Assumed: any other 2xx means the same."""
    return isinstance(answer, Reply) and 200 <= answer.status < 300 and answer.is_json


def _is_connection(reply: Reply, remote_id: str) -> bool:
    return _is_success(reply) and str(read(ConnectionPayload, reply.json).id) == remote_id
