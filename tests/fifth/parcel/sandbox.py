"""Parcel, emulated: fifty lockers. A name over 20 characters and the PIN 0000 are refused, a jammed locker always."""

from __future__ import annotations

import json

from providers.sandbox import Request, Response, Sandbox, json_response

KEY = "parcel-key-5hT2"
PER_PAGE = 20


class ParcelSandbox(Sandbox):
    slug = "parcel"

    def __init__(self, *, seed: int = 1) -> None:
        super().__init__(seed=seed)
        self.reset()

    def build_world(self) -> None:
        self.lockers = {
            f"locker-{number}": {
                "id": f"locker-{number}",
                "name": f"Station {number}",
                "state": "jammed" if number % 10 == 0 else "open",
                "customer": f"cust-{number:05d}",
                "pin": f"{number * 37 % 10_000:04d}",
            }
            for number in range(1, 51)
        }

    def environment(self, url: str) -> dict[str, str]:
        return {"PARCEL_URL": url.rstrip("/"), "PARCEL_KEY": KEY}

    def answer(self, request: Request) -> Response:
        if request.headers.get("x-key") != KEY:
            return _refusal(401, "bad_key")
        if request.path == "/ping":
            return json_response(200, {"pong": True})
        if request.path == "/lockers":
            page = int(request.query.get("page", "1"))
            listed = list(self.lockers.values())[(page - 1) * PER_PAGE : page * PER_PAGE]
            is_last = page * PER_PAGE >= len(self.lockers)
            return json_response(200, {"lockers": listed, "next": None if is_last else page + 1})
        locker = self.lockers.get(request.path.removeprefix("/lockers/"))
        if locker is None:
            return _refusal(404, "no_locker")
        return self._patch(request, locker) if request.method == "PATCH" else json_response(200, locker)

    def _patch(self, request: Request, locker: dict[str, str]) -> Response:
        body = json.loads(request.body)
        if locker["state"] == "jammed":
            return _refusal(409, "jammed")
        if body.get("pin") == "0000":
            return _refusal(422, "weak_pin")
        if len(body.get("name", "")) > 20:
            return _refusal(422, "bad_name")
        with self.lock:
            locker |= body
            shown = {name: value for name, value in body.items() if name != "pin"}
            secrets = {name: body[name] for name in ("pin",) if name in body}
            self.record_effect(request, locker["id"], "changed", changes=shown, secrets=secrets)
        return json_response(200, locker)


def _refusal(status: int, code: str) -> Response:
    return json_response(status, {"code": code, "message": f"Refused: {code}."})


sandbox_class = ParcelSandbox
