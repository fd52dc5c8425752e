"""Showing, replacing and making connections in the emulator."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from providers.sandbox import Request, Response, json_response

from .sandbox_cases import (
    APPLIED,
    CASES,
    CUT,
    NOT_FOUND,
    NOT_JSON,
    REQUIRED,
    SLOW,
    TYPE_CHANGED,
    UNKNOWN_HANDLE,
    Case,
    Refusal,
)
from .sandbox_types import SECRET_HANDLES, TYPES
from .sandbox_world import Connection

if TYPE_CHECKING:
    from .sandbox import FlxpointSandbox

Json = dict[str, Any]


def show(box: FlxpointSandbox, number: str) -> Response:
    with box.lock:
        connection = _find(box, number)
        if connection.case == "gone_on_read":
            raise Refusal(NOT_FOUND)
        connection.reads += 1
        if connection.case == "changes_once" and connection.reads == 1:
            _write(connection, "remote_path", "/moved/by-somebody-else.csv")
        return json_response(200, connection.shown())


def update(box: FlxpointSandbox, request: Request, number: str) -> Response:
    """Replace. Not documented, so set by `omitted` or by the connection: whether what is left out keeps its value."""
    with box.lock:
        connection = _find(box, number)
        body = _body_of(request)
        if connection.case.startswith("gone"):
            raise Refusal(NOT_FOUND)
        if body.get("connectionType") not in (None, connection.kind.handle):
            raise Refusal(TYPE_CHANGED)
        sent = _checked(connection, body)
    after = _word(box, connection, sent)
    with box.lock:
        if connection.case != "drops" and after != CUT:
            _apply(box, request, connection, sent, body)
        return _answer(box, after, connection)


def create(box: FlxpointSandbox, request: Request) -> Response:
    """Answer 200, not 201. Source: DOC connection/postconnection."""
    with box.lock:
        body = _body_of(request)
        kind = TYPES.get(str(body.get("connectionType")))
        if kind is None:
            raise Refusal(Case(400, {"error": f"Unknown connection type '{body.get('connectionType')}'."}))
        draft = Connection(0, kind, str(body.get("name") or ""), kind.template())
        sent = _checked(draft, body)
        for config in draft.configs:
            if config["required"] and not sent.get(config["handle"]) and not config["defaultValue"]:
                raise Refusal(REQUIRED, handle=config["handle"], type=kind.handle)
    after = _word(box, draft, sent)
    if after == CUT:
        return Response(0, cut=True)
    with box.lock:
        made = box.world.add(kind, draft.name)
        for handle, value in sent.items():
            _write(made, handle, value)
        box.record_effect(request, str(made.id), "create", **_told(sent))
        return _answer(box, after, made)


def _apply(box: FlxpointSandbox, request: Request, connection: Connection, sent: dict[str, Any], body: Json) -> None:
    if "name" in body:
        connection.name = str(body["name"] or "")
    for handle, value in sent.items():
        _write(connection, handle, value)
    if box.omitted == "cleared" or connection.case == "clears_omitted":
        for config in connection.configs:
            if config["editable"] and config["handle"] not in sent:
                config["value"] = None
    if connection.case == "moves_another":
        _write(connection, "encoding", "ISO-8859-1")
    box.record_effect(request, str(connection.id), "update", **_told(sent))


def _checked(connection: Connection, body: Json) -> dict[str, Any]:
    """Return what is to be written, by handle. Assumed: what is not editable is ignored."""
    sent: dict[str, Any] = {}
    for entry in body.get("configs") or ():
        if not isinstance(entry, dict):
            raise Refusal(NOT_JSON)
        handle = str(entry.get("handle"))
        found = connection.config(handle)
        if found is None:
            raise Refusal(UNKNOWN_HANDLE, handle=handle)
        value = entry.get("value")
        if found["required"] and value in (None, "") and not found["defaultValue"]:
            raise Refusal(REQUIRED, handle=handle, type=connection.kind.handle)
        if found["editable"] is not False:
            sent[handle] = value
    return sent


def _word(box: FlxpointSandbox, connection: Connection, sent: dict[str, Any]) -> Case | str | None:
    """Return what is to be answered after writing; raise what is answered instead of it."""
    for handle, value in sent.items():
        word = value if isinstance(value, str) else ""
        if word in CASES:
            raise Refusal(CASES[word], handle=handle, type=connection.kind.handle, value=word)
        if word.startswith("case-echo"):
            raise Refusal(CASES["case-echo"], handle=handle, type=connection.kind.handle, value=word)
        if word == SLOW:
            time.sleep(box.slow_s)
        if word == CUT:
            return CUT
        if word in APPLIED:
            return APPLIED[word] or "cut"
    return None


def _answer(box: FlxpointSandbox, after: Case | str | None, connection: Connection) -> Response:
    if isinstance(after, Case):
        return after.response(now=box.clock.now(), id=str(connection.id))
    response = json_response(200, connection.shown())
    return replace(response, cut=True, status=0) if after else response


def _find(box: FlxpointSandbox, number: str) -> Connection:
    found = box.world.connections.get(int(number)) if number.isascii() and number.isdigit() else None
    if found is None:
        raise Refusal(NOT_FOUND)
    return found


def _write(connection: Connection, handle: str, value: Any) -> None:
    for config in connection.configs:
        if config["handle"] == handle:
            config["value"] = value


def _body_of(request: Request) -> Json:
    try:
        body = json.loads(request.body)
    except ValueError:
        raise Refusal(NOT_JSON) from None
    if not isinstance(body, dict):
        raise Refusal(NOT_JSON)
    return body


def _told(sent: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the log of effects may show: a secret by its keyed hash only."""
    pairs: tuple[Iterator[tuple[str, Any]], Iterator[tuple[str, Any]]] = (
        ((handle, value) for handle, value in sent.items() if handle not in SECRET_HANDLES),
        ((handle, value) for handle, value in sent.items() if handle in SECRET_HANDLES),
    )
    return {"changes": dict(pairs[0]), "secrets": dict(pairs[1])}
