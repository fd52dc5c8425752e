"""What is copied from a plan, with its placeholders filled in, is the request that Linkdesk makes of that plan."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import pytest

from providers.as_code import Shown, code_of, of_plan
from providers.base import Effect
from providers.plan import Plan
from providers.sandbox import application, find_sandboxes, serve

from .belvo import test_contract as belvo
from .contract import ProviderContract, Remote
from .flxpoint import test_contract as flxpoint
from .linkar import test_contract as linkar
from .moneykit import test_contract as moneykit
from .test_as_code import run

CONTRACTS: Mapping[str, type[ProviderContract]] = {
    "belvo": belvo.TestBelvoContract,
    "flxpoint": flxpoint.TestFlxpointContract,
    "linkar": linkar.TestLinkarContract,
    "moneykit": moneykit.TestMoneyKitContract,
}
_NAME = re.compile(r"<(\w+)>")
# Made anew for each call.
OWN_KEYS = {"webhook_idempotency_key"}


@dataclass(frozen=True)
class Arrival:
    method: str
    path: str
    query: Mapping[str, list[str]]
    kind: str
    signature: str
    body: Any


class Gate:
    """Notes every request on its way to the emulators, as it came over the wire."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self.arrivals: list[Arrival] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(raw)
        kind = environ.get("CONTENT_TYPE", "").partition(";")[0]
        body = json.loads(raw) if kind == "application/json" else raw
        if isinstance(body, dict):
            body = {key: value for key, value in body.items() if key not in OWN_KEYS}
        keys = ("HTTP_AUTHORIZATION", "HTTP_X_API_TOKEN", "HTTP_X_API_KEY", "HTTP_X_BELVO_REQUEST_MODE")
        # A token is another one each time.
        signature = re.sub("^Bearer .*", "Bearer", "".join(environ.get(key, "") for key in keys))
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        self.arrivals.append(
            Arrival(environ["REQUEST_METHOD"], environ["PATH_INFO"], query, kind if raw else "", signature, body)
        )
        return self._app(environ, start_response)

    def last(self, method: str) -> Arrival:
        return next(one for one in reversed(self.arrivals) if one.method == method)


def fillings(shown: Shown, sent: Arrival) -> dict[str, str]:
    """Return what stands behind each <name> of the copied request, looked up where it was sent."""
    found: dict[str, str] = {}

    def walk(told: Any, real: Any) -> None:
        if isinstance(told, dict):
            for key, value in told.items():
                walk(value, real[key])
        elif isinstance(told, list):
            for one, other in zip(told, real, strict=True):
                walk(one, other)
        elif isinstance(told, str) and (name := _NAME.fullmatch(told)):
            found[name[1]] = real

    walk(shown.body, sent.body)
    for key, values in parse_qs(shown.path.partition("?")[2]).items():
        walk(values, sent.query[key])
    return found


def filled(code: str, values: Mapping[str, str]) -> str:
    """Put the values in place of <…>, as a person does who pastes."""
    return _NAME.sub(lambda name: json.dumps(values[name[1]], ensure_ascii=False)[1:-1], code)


@pytest.mark.parametrize("language", ["curl", "python"])
@pytest.mark.parametrize("slug", CONTRACTS)
def test_a_pasted_plan_makes_the_same_request(slug: str, language: str) -> None:
    box = find_sandboxes()[slug]()
    gate = Gate(application({slug: box}))
    with serve(gate) as server:
        environment = box.environment(f"{server.url}/{slug}")
        remote = Remote(slug, environment)
        # Those with a case of their own last, and among records those whose names need no quotes.
        remote.snapshots.sort(key=lambda one: any(tag.startswith(("case:", "odd:")) for tag in one.tags))
        if slug == "linkar":
            remote.snapshots = [one for one in remote.snapshots if one.remote_id.endswith("AC%2A1006")]
        contract = CONTRACTS[slug]()
        for action in remote.provider.actions:
            if action.effect is Effect.DELETE and language == "python":
                continue  # curl has shown it
            plan, secrets, values = contract.plan_of(remote, action)
            assert isinstance(plan, Plan)
            shown = of_plan(plan.call)
            code = code_of(shown, remote.provider.signing(), slug)

            remote.provider.send(plan, values, secrets)
            sent = gate.last(plan.call.method)
            box.reset()
            text = filled(code.curl if language == "curl" else code.python, fillings(shown, sent))
            run(type(code)(curl=text, python=text), language, environment)

            assert gate.arrivals[-1] == sent, action.name
            box.reset()
