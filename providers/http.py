"""The one transport to remotes: a wall-clock deadline, a byte cap, no redirects, no environment proxies, retries for reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from requests.auth import AuthBase

from .limiter import Limiter, Rate
from .secrets import Secret


@dataclass(frozen=True, slots=True)
class Exchange:
    """One redacted request and its answer, as handed to `on_exchange`. Bodies are text with secrets replaced by •••.

    `status` is None when there was no usable answer; `failure` then says why in one word of ours.
    """

    method: str
    path_template: str
    path: str
    status: int | None
    duration_ms: int
    request_id: str
    request_body: str
    response_body: str
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer. `json` is None unless the content type says JSON and the body is sound JSON.

    `text` is at most 64 kB and has been filtered of every secret that was sent; so has `json`.
    """

    status: int
    headers: Mapping[str, str]
    content_type: str
    text: str
    json: Any
    is_json: bool
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class NoReply:
    """No complete answer. `sent`: the request may have reached the remote. `reason` is one of
    `timeout unreachable tls cut too_large redirect bad_answer limited`."""

    reason: str
    sent: bool
    status: int | None = None
    wait_s: float | None = None


class ApiSession:
    """Speak to one remote. Not safe to share between threads."""

    def __init__(
        self,
        base_url: str,
        *,
        auth: AuthBase | None = None,
        headers: Mapping[str, str] | None = None,
        own_secrets: Iterable[Secret] = (),
        redact_keys: frozenset[str] = frozenset(),
        request_id_of: Callable[[Any, Mapping[str, str]], str] = lambda json, headers: "",
        connect_timeout_s: float = 5.0,
        deadline_s: float = 30.0,
        max_body_bytes: int = 2_000_000,
        read_retries: int = 2,
        limiter: Limiter | None = None,
        gate: str = "",
        rate: Rate | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
        name: str = "",
    ) -> None:
        raise NotImplementedError

    def request(
        self,
        method: str,
        path: str,
        *,
        template: str = "",
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        deadline_s: float | None = None,
    ) -> Reply | NoReply:
        """Make one call. `json` may hold `Secret` values at any depth: they are revealed here and nowhere else."""
        raise NotImplementedError
