"""A decided, unsent write, free of secrets: what will change, which call is made, on which base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .answers import digest_of
from .fields import AuditClass


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after, as text for people. A secret has neither: only that a new one is given.

    `after` is None where the value will be removed.
    """

    field: str
    label: str
    before: str | None
    after: str | None
    secret: bool = False
    audit: AuditClass = AuditClass.NEVER


@dataclass(frozen=True, slots=True)
class CallTemplate:
    """The request to be made; where a secret goes, the body holds the placeholder `{{name}}`."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What `send` will do. `digest` is what a person agreed to: it covers that a secret is given, never its value."""

    action: str
    remote_id: str
    summary: str
    changes: tuple[Change, ...]
    call: CallTemplate
    base_digest: str
    secret_names: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        return digest_of(self.to_json())

    @property
    def is_empty(self) -> bool:
        """Say whether nothing would change (an update without changes; actions without fields are never empty)."""
        return not self.changes

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Plan:
        changes = tuple(Change(**{**change, "audit": AuditClass(change["audit"])}) for change in raw["changes"])
        return cls(
            action=raw["action"],
            remote_id=raw["remote_id"],
            summary=raw["summary"],
            changes=changes,
            call=CallTemplate(**raw["call"]),
            base_digest=raw["base_digest"],
            secret_names=tuple(raw["secret_names"]),
            warnings=tuple(raw["warnings"]),
        )
