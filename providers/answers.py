"""What a remote said, as values: snapshots, schemas, pages, challenges."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from .attention import Attention
from .secrets import Secret

Json = dict[str, Any]
T = TypeVar("T")


def digest_of(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of `value`: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the remote said about one object at one moment, redacted at the provider's edge.

    `status` is the remote's own word, shown as it is. `external_id` is what the provider knows of the customer.
    `schema_key` names the `Schema` that describes its fields ("" if there is none). `body` is the redacted remote body.
    """

    remote_id: str
    status: str
    body: Json
    title: str = ""
    external_id: str = ""
    schema_key: str = ""
    error_code: str = ""
    tags: tuple[str, ...] = ()
    created_at: datetime | None = None
    last_success_at: datetime | None = None
    expires_at: datetime | None = None

    @property
    def digest(self) -> str:
        return digest_of([self.remote_id, self.status, self.error_code, self.body])


@dataclass(frozen=True, slots=True)
class Schema:
    """What describes the fields of many accounts (a Belvo institution, a Linkar file)."""

    key: str
    title: str
    body: Json
    status: str = ""

    @property
    def digest(self) -> str:
        return digest_of([self.key, self.title, self.status, self.body])


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing. `next_cursor` is None on the last page, `total` where the remote does not count."""

    items: tuple[T, ...]
    next_cursor: str | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a snapshot means for people: badge, cause in words, the code behind it.

    `who` must act, as a sentence, where that is somebody else than for others with the same badge.
    """

    attention: Attention
    headline: str
    explanation: str = ""
    code: str = ""
    script: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the detail page.

    `kind` is text, code, time, list, url or table (a `LookupTable`, alone in its group).
    """

    label: str
    value: str | datetime | tuple[str, ...] | LookupTable | None
    kind: str = "text"
    group: str = ""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the remote wants before it goes on with an operation.

    `session` goes back to the remote unchanged and is kept encrypted only. `value` is a challenge to show (a number to
    type into a device, a QR content), never a link to follow. `expires_at` is None where the remote gave no expiry.
    """

    remote_id: str
    session: Secret
    kind: str = "text"
    instructions: str = ""
    value: str = ""
    expects_input: bool = True
    received_at: datetime | None = None
    expires_at: datetime | None = None
    expiry_is_assumed: bool = False


@dataclass(frozen=True, slots=True)
class Handover:
    """A single-use address to give to the customer. It is a secret: encrypted at rest, gone at its expiry.

    Where the provider has no page of its own, `url` is empty and `session` is what its launcher needs, on a page of
    ours.
    """

    url: Secret
    expires_at: datetime
    note: str = ""
    session: Secret = field(default_factory=lambda: Secret(""))


@dataclass(frozen=True, slots=True)
class LookupTable:
    """Rows that a read action shows once: already redacted, safe to keep with the operation."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A hint that something changed at the remote. `event_id` is unique per event, or the hash of the body."""

    event_id: str
    remote_id: str
    kind: str
    code: str
    request_id: str = ""
    external_id: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
