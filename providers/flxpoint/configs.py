"""A connection's configs as snapshots keep them: a secret is a state and a keyed digest, everything else its value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from ..answers import Snapshot
from ..fields import Choice
from ..fingerprints import Fingerprint
from .payloads import ConfigPayload, OptionPayload, clean_text, read
from .secrecy import is_mask, is_secret

MAX_HANDLE = 120


class Held(StrEnum):
    """What a config holds. A mask stands for a value that Flxpoint does not show."""

    SET = "set"
    EMPTY = "empty"
    MASKED = "masked"


@dataclass(frozen=True, slots=True)
class Config:
    """One config. `value` is None for a secret and for one that holds nothing; `digest` is a secret's alone."""

    handle: str
    label: str
    data_type: str = ""
    required: bool = False
    editable: bool | None = None
    hidden: bool = False
    advanced: bool = False
    secret: bool = False
    held: Held = Held.EMPTY
    value: str | None = None
    digest: str = ""
    default: str | None = None
    help: str = ""
    options: tuple[Choice, ...] = ()
    order: int | None = None

    @property
    def is_set(self) -> bool:
        return self.held != Held.EMPTY

    @property
    def is_missing(self) -> bool:
        """Source: the contract, section 8: a required config needs a value or a default."""
        return self.required and not self.is_set and not self.default

    @property
    def is_open(self) -> bool:
        """Say whether a person may change it. An OAuth type is authorised in the store's own app screen only."""
        return self.editable is True and not self.hidden and self.data_type.lower() != "oauth2"

    @property
    def is_sent(self) -> bool:
        """Say whether a full set holds it: editable, known, and not only a mask. Source: the contract, section 6.2."""
        return self.editable is True and self.held == Held.SET

    @property
    def state(self) -> str:
        """Return what tells two moments of this config apart."""
        return f"{self.held.value}:{self.digest if self.secret else self.value or ''}"


def config_of(raw: Mapping[str, Any], fingerprint: Fingerprint, place: str) -> Config | None:
    """Read one config of an answer; None if it has no handle. Its secret value ends here."""
    found = read(ConfigPayload, raw)
    if not found.handle:
        return None
    options = tuple(_choices(found.options))
    secret = is_secret(
        handle=found.handle,
        name=found.name,
        data_type=found.dataType,
        hidden=bool(found.hidden),
        value=found.value,
    )
    held = _held(found.value, tuple(choice.value for choice in options))
    is_known = held == Held.SET
    return Config(
        handle=found.handle[:MAX_HANDLE],
        label=(found.name or found.handle)[:200],
        data_type=found.dataType[:40],
        required=bool(found.required),
        editable=found.editable,
        hidden=bool(found.hidden),
        advanced=bool(found.advanced),
        secret=secret,
        held=held,
        value=found.value if is_known and not secret else None,
        digest=fingerprint(f"{place}/{found.handle}", found.value or "") if is_known and secret else "",
        default=None if secret else found.defaultValue,
        help=found.description[:600],
        options=options,
        order=found.sortOrder,
    )


def configs_of(raws: Iterable[Mapping[str, Any]], fingerprint: Fingerprint, place: str) -> tuple[Config, ...]:
    """Read the configs of an answer in the order of the form: by `sortOrder`, ties as listed, null last.

    Assumed: a handle is unique within a connection; of two with one handle the first counts.
    """
    found: dict[str, Config] = {}
    for raw in raws:
        config = config_of(raw, fingerprint, place)
        if config is not None:
            found.setdefault(config.handle, config)
    return tuple(sorted(found.values(), key=lambda config: (config.order is None, config.order or 0)))


def to_json(config: Config) -> dict[str, Any]:
    return {**asdict(config), "options": [[choice.value, choice.label] for choice in config.options]}


def from_json(raw: Mapping[str, Any]) -> Config | None:
    """Return a config as it was kept; None for what this version cannot read."""
    try:
        options = tuple(Choice(str(value), str(label)) for value, label in raw.get("options") or ())
        known = {name: raw[name] for name in Config.__dataclass_fields__ if name in raw}
        return Config(**{**known, "options": options, "held": Held(raw.get("held", "empty"))})
    except (TypeError, ValueError):
        return None


def configs_in(snapshot: Snapshot) -> tuple[Config, ...]:
    """Return the configs of a snapshot, in the order of the form."""
    raws = snapshot.body.get("configs")
    found = (from_json(raw) for raw in raws if isinstance(raw, dict)) if isinstance(raws, list) else ()
    return tuple(config for config in found if config is not None and config.handle)


def _held(value: str | None, options: tuple[str, ...]) -> Held:
    if value is None or value == "":
        return Held.EMPTY
    return Held.MASKED if is_mask(value, options) else Held.SET


def _choices(raws: Iterable[Mapping[str, Any]]) -> Iterable[Choice]:
    """Yield the choices. Source: the vendor's own example holds an option of two nulls."""
    seen: set[str] = set()
    for raw in raws:
        option = read(OptionPayload, raw)
        if option.value is not None and option.value not in seen:
            seen.add(option.value)
            yield Choice(option.value, clean_text(option.label or option.value, 200))
