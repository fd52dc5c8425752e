"""Emulators of remotes, mounted on one address with a control plane beside them.

An emulator is a remote as far as anybody can tell: stateful, over real HTTP. What a test or the demo needs beside that
(moving the clock, faults, the log of effects, acting as the customer) is the control plane's, below `/_control/`,
outside every provider's paths. Product code knows neither.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl

import providers

from .sandbox_faults import Fault
from .sandbox_remote import Clock, Effect, Request, Response, Sandbox, json_response
from .sandbox_server import Server, WsgiApplication, serve

__all__ = [
    "DESK_URL",
    "Clock",
    "ControlPlane",
    "Effect",
    "Fault",
    "Request",
    "Response",
    "Sandbox",
    "Server",
    "application",
    "environment_of",
    "find_sandboxes",
    "json_response",
    "serve",
]

# Where people open the dashboard, in the settings that an emulator gives; whoever knows better says so.
DESK_URL = "https://desk.example"


class ControlPlane:
    """`/_control/<slug>/<action>`: JSON over HTTP for tests and the demo.

    GET `clock effects requests settings faults`; POST `clock {"advance_s"}`, `faults {"kind", "method", "path", …}`,
    `settings {…}`, `fingerprint {"value"}`, `reset {}`, and what the emulator adds (Belvo: `finish approve status`).
    """

    def __init__(self, sandboxes: Mapping[str, Sandbox]) -> None:
        self._sandboxes = sandboxes

    def answer(self, request: Request) -> Response:
        slug, _, action = request.path.strip("/").partition("/")
        sandbox = self._sandboxes.get(slug)
        if not slug:
            return json_response(200, {"sandboxes": sorted(self._sandboxes)})
        if sandbox is None:
            return json_response(404, {"error": f"There is no emulator “{slug}”."})
        if request.method == "GET":
            found = self._read(sandbox, action)
        else:
            try:
                body = json.loads(request.body or b"{}")
                found = self._write(sandbox, action, body) if isinstance(body, dict) else None
            except (ValueError, TypeError, KeyError) as error:
                return json_response(400, {"error": str(error)})
        if found is None:
            return json_response(404, {"error": f"The control plane of {slug} knows no {request.method} {action}."})
        return json_response(200, found)

    def _read(self, sandbox: Sandbox, action: str) -> object | None:
        match action:
            case "clock":
                return {"now": sandbox.clock.now().isoformat()}
            case "effects":
                return {"effects": sandbox.effects()}
            case "requests":
                return {"requests": sandbox.requests()}
            case "settings":
                return sandbox.settings()
            case "faults":
                return {"waiting": sandbox.faults.waiting()}
            case _:
                return None

    def _write(self, sandbox: Sandbox, action: str, body: Mapping[str, Any]) -> object | None:
        match action:
            case "clock":
                sandbox.clock.advance(float(body["advance_s"]))
            case "faults":
                sandbox.faults.add(Fault(**body))
                return {"waiting": sandbox.faults.waiting()}
            case "settings":
                _change_settings(sandbox, body)
                return sandbox.settings()
            case "fingerprint":
                return {"fingerprint": sandbox.fingerprint(str(body["value"]))}
            case "reset":
                sandbox.reset()
            case _:
                return sandbox.control(action, body)
        return {"now": sandbox.clock.now().isoformat()}


def application(sandboxes: Mapping[str, Sandbox]) -> WsgiApplication:
    """Return a WSGI application: each emulator below `/<slug>/` and at its own root paths, the control plane below
    `/_control/`.
    """
    control = ControlPlane(sandboxes)
    at_root = {path: sandbox for sandbox in sandboxes.values() for path in sandbox.root_paths}

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = _request_of(environ)
        mount, _, rest = request.path.lstrip("/").partition("/")
        below = replace(request, path="/" + rest, root_url=f"{request.root_url}/{mount}")
        if mount == "_control":
            response = control.answer(below)
        elif mount in sandboxes:
            response = sandboxes[mount].handle(below)
        elif request.path in at_root:
            response = at_root[request.path].handle(request)
        else:
            response = json_response(404, {"mounted": [f"/{slug}/" for slug in sorted(sandboxes)]})
        if response.cut:
            environ.get("sandbox.cut", lambda: None)()
        reason = HTTPStatus(response.status).phrase if response.status in set(HTTPStatus) else "Unknown"
        headers = [("Content-Type", response.content_type)] if response.body else []
        start_response(f"{response.status or 502} {reason}", headers + list(response.headers))
        return [response.body]

    return app


def environment_of(sandboxes: Mapping[str, Sandbox], url: str, *, desk_url: str = DESK_URL) -> dict[str, str]:
    """Return the settings of one integration for each emulator, all of them served at `url`."""
    found = {"INTEGRATIONS": ",".join(sandboxes)}
    for slug, sandbox in sandboxes.items():
        found |= sandbox.environment(f"{url.rstrip('/')}/{slug}")
    return {name: value.replace(DESK_URL, desk_url.rstrip("/")) for name, value in found.items()}


def find_sandboxes() -> dict[str, type[Sandbox]]:
    """Return the emulator of every provider folder that has one: `providers.<slug>.sandbox.sandbox_class`."""
    found: dict[str, type[Sandbox]] = {}
    for folder in pkgutil.iter_modules(providers.__path__):
        if not folder.ispkg:
            continue
        try:
            module = import_module(f"providers.{folder.name}.sandbox")
        except ModuleNotFoundError as error:
            if error.name != f"providers.{folder.name}.sandbox":
                raise
            continue
        found[folder.name] = module.sandbox_class
    return found


def _request_of(environ: Mapping[str, Any]) -> Request:
    headers = {
        key.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for key, value in environ.items()
        if key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH")
    }
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        headers=headers,
        body=environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
        remote_address=environ.get("REMOTE_ADDR", ""),
        root_url=f"{environ['wsgi.url_scheme']}://{host}",
    )


def _change_settings(sandbox: Sandbox, wanted: Mapping[str, Any]) -> None:
    unknown = set(wanted) - set(sandbox.settings())
    if unknown:
        raise ValueError(f"There is no setting {', '.join(sorted(unknown))}.")
    for name, value in wanted.items():
        setattr(sandbox, name, value)
