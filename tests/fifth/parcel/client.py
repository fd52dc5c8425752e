"""Parcel's endpoints: the request as it wants it, the raw answer back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from requests import PreparedRequest
from requests.auth import AuthBase

from ..http import ApiSession, NoReply, Reply
from ..limiter import Rate
from ..secrets import Secret

Answer = Reply | NoReply


class KeyAuth(AuthBase):
    """Our key, revealed only while a request is being written."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["X-Key"] = str(self._key.reveal())
        return request


def open_session(config: Mapping[str, str | Secret], **transport: Any) -> ApiSession:
    key = config["KEY"]
    secret = key if isinstance(key, Secret) else Secret(key)
    options: dict[str, Any] = {
        "auth": KeyAuth(secret),
        "own_secrets": (secret,),
        "redact_keys": frozenset({"pin"}),
        "vocabulary": frozenset({"open", "jammed", "bad_key", "no_locker", "weak_pin", "bad_name", "pin", "name"}),
        "deadline_s": 10.0,
        "rate": Rate(requests=20, per_s=1.0),
        "name": "parcel",
        "gate": "parcel",
    }
    return ApiSession(str(config["URL"]).rstrip("/"), **{**options, **transport})


def ping(session: ApiSession) -> Answer:
    return session.request("GET", "/ping")


def list_lockers(session: ApiSession, page: int) -> Answer:
    return session.request("GET", "/lockers", params={"page": page})


def get_locker(session: ApiSession, locker: str) -> Answer:
    return session.request("GET", f"/lockers/{locker}", template="/lockers/{id}")


def patch_locker(session: ApiSession, locker: str, body: Mapping[str, Any]) -> Answer:
    return session.request("PATCH", f"/lockers/{locker}", template="/lockers/{id}", json=body)
