"""A decided, unsent write, free of secrets: what will change, which call is made, on which base."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .answers import digest_of
from .fields import AuditClass
from .secrets import Secret

_PLACEHOLDER = re.compile(r"\{\{([A-Za-z0-9_]+)\}\}")


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
    audit: AuditClass = AuditClass.UNDECLARED


@dataclass(frozen=True, slots=True)
class CallTemplate:
    """The request to be made; where a secret goes, the body holds the placeholder `{{name}}`."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None


def placeholder(name: str) -> str:
    """Return what stands for the secret `name` in a call template."""
    return "{{" + name + "}}"


def is_placeholder(value: object) -> bool:
    """Say whether a value that somebody typed would be taken for a placeholder: it must never get into a body."""
    return isinstance(value, str) and _PLACEHOLDER.fullmatch(value) is not None


def missing_secrets(call: CallTemplate, secrets: Mapping[str, Secret]) -> tuple[str, ...]:
    """Return the names of the placeholders that `secrets` cannot fill: a call with one of them must not be sent."""
    named = _placeholders_in(dict(call.body or {}))
    return tuple(name for name in named if not secrets.get(name))


def fill_body(call: CallTemplate, secrets: Mapping[str, Secret]) -> dict[str, Any] | None:
    """Return the body with each placeholder replaced by its `Secret`, still sealed; None for a call without a body."""
    return None if call.body is None else {key: _filled(value, secrets) for key, value in call.body.items()}


def _placeholders_in(value: Any) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return tuple(name for item in value.values() for name in _placeholders_in(item))
    if isinstance(value, list | tuple):
        return tuple(name for item in value for name in _placeholders_in(item))
    found = _PLACEHOLDER.fullmatch(value) if isinstance(value, str) else None
    return (found[1],) if found else ()


def _filled(value: Any, secrets: Mapping[str, Secret]) -> Any:
    if isinstance(value, Mapping):
        return {key: _filled(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item, secrets) for item in value]
    found = _placeholders_in(value)
    return secrets[found[0]] if found else value


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
