"""An emulator of Flxpoint: connections with their configs, sources and channels over real HTTP, with a real limit.

What to type in the demo
------------------------
These words, typed as the value of any text config (a password, too), give another answer to the update:

=============================================  =======================================================================
`case-required` `case-unknown` `case-rejected` 400 in its kinds, at the field; also `case-list` `case-map`
                                               `case-object` `case-text` `case-page` `case-empty` for the shapes
`case-echo`                                    400 with the typed value in the text
`case-unauthorised` `case-forbidden`           401 and 403: our token
`case-gone` `case-spring`                      404 in two shapes
`case-busy` `case-busy-date` `case-busy-bare`  429 with seconds, with a date, with nothing; `case-busy-long` two minutes
`case-broken` `case-gateway`                   500 and 502, also `case-maintenance` `case-method` `case-large`
                                               `case-teapot`; nothing is written
`case-sign-in`                                 200 with a sign-in page
`case-broken-after` `case-cut-after`           written, and then 500, or a cut; also `case-nothing-after`
                                               `case-page-after` `case-nonsense-after` `case-success-false`
`case-cut` `case-slow`                         cut before anything is written; an answer after 8 seconds
=============================================  =======================================================================

Connections whose name begins with “Case:” do what they say: one is changed by somebody else when it is first read by
itself, one clears the configs that an update leaves out, one moves another config, one drops the update, one is gone.
Shops answer `********` for their passwords, files answer them in clear. Tokens: the one of `environment` is an Account
token; `source-token` and `channel-token` are of the wrong kind; one that begins with `expired` finds a sign-in page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from providers.sandbox import Request, Response, Sandbox, json_response

from .sandbox_cases import (
    NO_METHOD,
    NO_PAGE,
    SIGN_IN,
    TOO_MANY,
    UNAUTHORISED,
    UNAUTHORISED_BARE,
    WRONG_KIND,
    Refusal,
)
from .sandbox_connections import create, show, update
from .sandbox_pool import Arrivals, Pool
from .sandbox_world import ACCOUNT, CONNECTIONS_IN_DEMO, TYPES, World, build

ACCOUNT_TOKEN = "account-token-5f1c"  # noqa: S105 - opens nothing but the emulator
OTHER_KINDS = frozenset({"source-token", "channel-token"})


class FlxpointSandbox(Sandbox):
    """Flxpoint, for one account. `pool_size` None switches the limit off.

    `omitted` is what a PUT does with configs that it leaves out: `kept` or `cleared`. `integrations` is whether sources
    and channels name their connections: `told` or `untold`. `unknown_type` is the status for a type that does not
    exist: 200 with an empty list, 400 or 404. `retry_after` is what a 429 of the limit carries: "" , `seconds` or
    `date`. Each is not documented, so each must work.
    """

    slug = "flxpoint"
    world: World

    def __init__(
        self,
        *,
        connections: int = CONNECTIONS_IN_DEMO,
        seed: int = 1,
        pool_size: int | None = 40,
        replenished_per_s: float = 2.0,
        slow_s: float = 8.0,
    ) -> None:
        super().__init__(seed=seed)
        self._defaults: dict[str, Any] = {
            "connections": connections,
            "pool_size": pool_size,
            "replenished_per_s": replenished_per_s,
            "slow_s": slow_s,
            "omitted": "kept",
            "integrations": "told",
            "unknown_type": 200,
            "retry_after": "",
            "pool_headers": True,
        }
        self.reset()

    def build_world(self) -> None:
        self.connections: int = self._defaults["connections"]
        self.pool_size: int | None = self._defaults["pool_size"]
        self.replenished_per_s: float = self._defaults["replenished_per_s"]
        self.slow_s: float = self._defaults["slow_s"]
        self.omitted: str = self._defaults["omitted"]
        self.integrations: str = self._defaults["integrations"]
        self.unknown_type: int = self._defaults["unknown_type"]
        self.retry_after: str = self._defaults["retry_after"]
        self.pool_headers: bool = self._defaults["pool_headers"]
        self.world = build(self.seed, self.connections)
        self.pool = Pool(self.clock.now, self.pool_size or 0, self.replenished_per_s)
        self.arrivals = Arrivals()

    def environment(self, url: str) -> dict[str, str]:
        return {"FLXPOINT_URL": url.rstrip("/"), "FLXPOINT_TOKEN": ACCOUNT_TOKEN}

    def settings(self) -> dict[str, Any]:
        names = ("pool_size", "replenished_per_s", "slow_s", "omitted", "integrations", "unknown_type", "retry_after")
        return super().settings() | {name: getattr(self, name) for name in (*names, "pool_headers")}

    def answer(self, request: Request) -> Response:
        """Answer in this order: the limit counts, the token is checked, then the path, then the body."""
        token = request.headers.get("x-api-token", "")
        with self.lock:
            self.arrivals.note()
            if not self._fits(token):
                return self._with_pool(self._too_many(), token)
        try:
            self._check(token)
            response = self._route(request)
        except Refusal as refusal:
            path_id = request.path.rsplit("/", 1)[-1]
            response = refusal.case.response(now=self.clock.now(), **{"id": path_id} | refusal.words)
        return self._with_pool(response, token)

    def control(self, action: str, body: Mapping[str, Any]) -> object | None:
        """`change {id, handle, value}`: somebody else edits a config; `fill {}`: the pool is full; `arrivals {}`."""
        with self.lock:
            match action:
                case "change":
                    found = self.world.connections[int(body["id"])].config(str(body["handle"]))
                    if found is None:
                        raise ValueError("There is no such config.")
                    found["value"] = body["value"]
                    return {"changed": found["handle"]}
                case "remove":
                    del self.world.connections[int(body["id"])]
                    return {"removed": body["id"]}
                case "fill":
                    self.pool.fill(ACCOUNT_TOKEN)
                    return {"filled": self.pool.size}
                case "arrivals":
                    return {"count": len(self.arrivals.times), "most_in_1_s": self.arrivals.most_within(1.0)}
        return None

    def _fits(self, token: str) -> bool:
        if self.pool_size is None:
            return True
        self.pool.size, self.pool.replenished_per_s = self.pool_size, self.replenished_per_s
        return self.pool.take(token)

    def _too_many(self) -> Response:
        headers = {"seconds": "1", "date": ""}.get(self.retry_after)
        case = TOO_MANY if headers is None else type(TOO_MANY)(429, TOO_MANY.body, headers={"Retry-After": headers})
        return case.response(now=self.clock.now())

    def _with_pool(self, response: Response, token: str) -> Response:
        """Add the headers of the limit to ordinary answers: not to those of a broken server, nor to strangers."""
        if self.pool_size is None or not self.pool_headers or response.status in (0, 401) or response.status >= 500:
            return response
        with self.lock:
            headers = (*response.headers, *self.pool.headers(token))
        return Response(response.status, response.body, response.content_type, headers, response.cut)

    def _check(self, token: str) -> None:
        if token == ACCOUNT_TOKEN:
            return
        if token in OTHER_KINDS:
            raise Refusal(WRONG_KIND)
        if token.startswith("expired"):
            raise Refusal(SIGN_IN)
        raise Refusal(UNAUTHORISED_BARE if token in ("", "empty") else UNAUTHORISED)

    def _route(self, request: Request) -> Response:  # noqa: PLR0911 - one return a route
        match [request.method, *request.path.split("/")[1:]]:
            case ["GET", "account"]:
                return json_response(200, ACCOUNT)
            case ["GET", "connections"]:
                with self.lock:
                    return json_response(200, [one.shown() for one in self.world.connections.values()])
            case ["POST", "connections"]:
                return create(self, request)
            case ["GET", "connections", "available-configs"]:
                return self._available(request.query.get("handle", ""))
            case ["GET", "connections", number]:
                return show(self, number)
            case ["PUT", "connections", number]:
                return update(self, request, number)
            case ["GET", "sources"]:
                return self._feeders(self.world.sources, request)
            case ["GET", "channel", ""]:
                return self._feeders(self.world.channels, request)
            case [_, "account" | "connections" | "sources", *_]:
                raise Refusal(NO_METHOD)
        raise Refusal(NO_PAGE)

    def _available(self, handle: str) -> Response:
        kind = TYPES.get(handle)
        if kind is not None:
            return json_response(200, kind.template())
        if self.unknown_type == 200:
            return json_response(200, [])
        return json_response(self.unknown_type, {"error": f"Unknown connection type '{handle}'."})

    def _feeders(self, rows: list[dict[str, Any]], request: Request) -> Response:
        told = self.integrations == "told" and request.query.get("includeIntegrations") == "true"
        shown = json.loads(json.dumps(rows))
        for row in shown:
            if not told:
                row["integrations"] = [{"id": one["id"], "operation": one["operation"]} for one in row["integrations"]]
        return json_response(200, shown)


sandbox_class = FlxpointSandbox
