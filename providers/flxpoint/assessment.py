"""What a connection's configs mean for people. Flxpoint reports no state, so each is worked out of them."""

from __future__ import annotations

from collections import Counter

from ..answers import Assessment, Schema, Snapshot
from ..attention import Attention
from .configs import Config, configs_in
from .feeds import NOT_REPORTED, feeds_in
from .snapshots import COMPLETE, INCOMPLETE, UNKNOWN, type_name


def assess(snapshot: Snapshot, schema: Schema | None) -> Assessment:
    """Say what is wrong and who must act. Source: the contract, section 8."""
    match snapshot.status:
        case "complete":
            return Assessment(
                Attention.HEALTHY,
                "Every required config is set.",
                f"Whether {type_name(snapshot)} lets Flxpoint in, that does not say. {feeding(snapshot, schema)}",
                code=COMPLETE,
            )
        case "incomplete":
            return _incomplete(snapshot, schema)
        case "unknown" | "":
            return Assessment(
                Attention.UNKNOWN,
                "Flxpoint shows no configs for this connection.",
                "Without any, there is nothing to go by. Check it now.",
                code=UNKNOWN,
            )
        case word:
            return Assessment(
                Attention.UNKNOWN,
                f"The state “{word}” is one that Linkdesk does not know.",
                "Check it now. If it stays, tell an administrator.",
                code=word,
            )


def feeding(snapshot: Snapshot, schema: Schema | None) -> str:
    """Say in a sentence what the connection feeds; that nothing is reported is not the same as nothing."""
    feeds = feeds_in(schema, snapshot.remote_id)
    if feeds is None:
        return f"What it feeds is {NOT_REPORTED}."
    if not feeds:
        return "No source or channel uses it."
    kinds = Counter(feed.kind.lower() for feed in feeds)
    counted = (f"{number} {kind}{'' if number == 1 else 's'}" for kind, number in kinds.items())
    return f"It feeds {' and '.join(counted)}."


def missing_configs(snapshot: Snapshot) -> tuple[Config, ...]:
    return tuple(config for config in configs_in(snapshot) if config.is_missing)


def _incomplete(snapshot: Snapshot, schema: Schema | None) -> Assessment:
    missing = missing_configs(snapshot)
    labels = ", ".join(config.label for config in missing)
    verb = "is" if len(missing) == 1 else "are"
    ours = [config for config in missing if config.is_open]
    if ours:
        act = "Ask the customer for it, or for whoever runs that system, and set it."
        script = f"For {snapshot.title} we have no {ours[0].label}. Can you give it to me, or tell me who can?"
    elif any(config.data_type.lower() == "oauth2" for config in missing):
        act = "It is authorised in the store's own app screen, by the customer."
        script = "Please open Flxpoint's app in your store and authorise the connection there; it takes a minute."
    else:
        act = "Flxpoint does not let it be set from here; its support can."
        script = "There is a setting that only Flxpoint can make. We ask them."
    return Assessment(
        Attention.INCOMPLETE,
        f"{labels} {verb} required and not set."[:300] if labels else "A required config is not set.",
        f"{act} {feeding(snapshot, schema)}",
        code=INCOMPLETE,
        script=script,
    )
