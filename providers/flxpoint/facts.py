"""What the page of a connection shows, from our own mirror."""

from __future__ import annotations

from ..answers import Fact, Schema, Snapshot
from .configs import Config, Held, configs_in
from .feeds import NOT_REPORTED, feeds_in
from .fields import choices_of, kind_of, shown
from .snapshots import connection_type, type_name

_SECRET = {Held.SET: "set", Held.MASKED: "set (masked by Flxpoint)", Held.EMPTY: "not set"}
_NOT_OFFERED = (
    ("Delete or disable", "Flxpoint's API has no call for it. It is done on Flxpoint's own pages."),
    ("Test", "Flxpoint's API has no call for it. Whether it works shows when it is next used."),
    ("Authorise by OAuth", "This is done in the store's own app screen, by whoever owns the store."),
)


def facts(snapshot: Snapshot, schema: Schema | None) -> tuple[Fact, ...]:
    """Return the facts in order: what it is, where its state comes from, what it feeds, its configs, what cannot be."""
    number = snapshot.body.get("connectionTypeId")
    return (
        Fact("Name", str(snapshot.body.get("name") or "") or None),
        Fact("Type", type_name(snapshot)),
        Fact("Type handle", connection_type(snapshot) or None, "code"),
        Fact("Type id", str(number) if number is not None else None, "code"),
        Fact("Connection id", snapshot.remote_id, "code"),
        Fact("State", f"{snapshot.status or 'unknown'}; Flxpoint reports none, Linkdesk takes it from the configs"),
        *_feeds(snapshot, schema),
        *(
            Fact(config.label, _text(config), _kind(config), "Configs")
            for config in configs_in(snapshot)
            if _shows(config)
        ),
        *(Fact(label, why, group="Not offered by Flxpoint's API") for label, why in _NOT_OFFERED),
    )


def _feeds(snapshot: Snapshot, schema: Schema | None) -> tuple[Fact, ...]:
    feeds = feeds_in(schema, snapshot.remote_id)
    if feeds is None:
        return (Fact("Sources and channels", NOT_REPORTED, group="What it feeds"),)
    if not feeds:
        return (Fact("Sources and channels", "none uses this connection", group="What it feeds"),)
    return tuple(
        Fact(
            f"{feed.kind} “{feed.name}”",
            tuple(operation.replace("_", " ") for operation in feed.operations) or "not said what for",
            "list" if feed.operations else "text",
            "What it feeds",
        )
        for feed in feeds
    )


def _shows(config: Config) -> bool:
    return not config.hidden


def _text(config: Config) -> str | None:
    if config.secret:
        return _SECRET[config.held]
    if config.held == Held.MASKED:
        return "masked by Flxpoint"
    choices = choices_of(config, kind_of(config))
    if config.value:
        return shown(config, config.value, choices)
    return f"not set (default: {shown(config, config.default, choices)})" if config.default else None


def _kind(config: Config) -> str:
    is_plain = config.value and not config.secret and not choices_of(config, kind_of(config))
    return "code" if is_plain and "\n" not in str(config.value) else "text"
