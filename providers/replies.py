"""What comes of one call: a whole answer or the reason why there is none, and the redacted pair that may be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Exchange:
    """One redacted request and its answer, as handed to `on_exchange`. Bodies are text with secrets replaced by •••.

    `path` comes with its query. `request_headers` are those that say something of this call: no key of ours is among
    them. `failure` is empty for an answer that was used, else `NoReply.reason`; `status` is None if none arrived.
    `attempts` is 0 if the rate gate let nothing through.
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
    attempts: int = 1
    request_headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer. `json` is None unless the content type says JSON (or one of the session's `media`) and the
    body is sound.

    `text` is at most 64 kB, without the values of `redact_keys`, and filtered of every secret that was sent; `json` is
    filtered too, but keeps those values: a challenge's session has to go back.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content_type: str
    text: str = field(repr=False)
    json: Any = field(repr=False)
    is_json: bool
    retry_after_s: float | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class NoReply:
    """No complete answer. `sent`: the request may have reached the remote. `reason` is one of
    `timeout unreachable tls cut too_large redirect bad_answer limited`."""

    reason: str
    sent: bool
    status: int | None = None
    wait_s: float | None = None
