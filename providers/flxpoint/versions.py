"""A connection's configs as entries: also those that no form shows, and secrets by their digest. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..answers import Snapshot
from ..fields import AuditClass
from ..versions import Entry
from .configs import configs_in
from .fields import NAME, field_of, shown
from .snapshots import name_of


def entries(snapshot: Snapshot) -> Iterator[Entry]:
    """Yield the name and every config. Source: the contract, section 6.2: any value that differs is a conflict."""
    configs = configs_in(snapshot)
    if not any(config.handle == NAME for config in configs):
        name = name_of(snapshot)
        yield Entry(NAME, "Name of the connection", key=name, value=name, text=name or None, audit=AuditClass.PUBLIC)
    for config in configs:
        field = field_of(config)
        if config.secret or config.hidden:
            yield Entry(
                config.handle,
                config.label,
                key=f"{config.held} {config.digest or config.value or ''}",
                kept_back=True,
                locked=not config.is_open or config.hidden,
                audit=AuditClass.SECRET if config.secret else AuditClass.NEVER,
            )
        else:
            yield Entry(
                config.handle,
                config.label,
                key=config.value or "",
                value=field.initial,
                text=shown(config, config.value, field.choices) if config.value else None,
                locked=not config.is_open,
                audit=field.audit,
            )
