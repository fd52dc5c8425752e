"""The demo world of the emulated Flxpoint: connections, and the sources and channels that they feed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from .sandbox_types import (
    AMAZON,
    BIGCOMMERCE,
    CSV_XLSX,
    EDI_PARTNER,
    ORDER_API,
    SHOPIFY,
    TYPES,
    WOOCOMMERCE,
    ConnectionType,
    Json,
    secret_configs,
)

MASK = "********"
CONNECTIONS_IN_DEMO = 90
ACCOUNT: Json = {
    "id": 11042,
    "productPriceWorkflowEventId": 90011,
    "defaultOrderRoutingGroupId": 310,
    "orderRoutingWorkflowEventId": 90012,
    "subdomain": "northwind-demo",
    "brandName": "Northwind Demo",
    "companyName": "Northwind Trading LLC",
}
# What a connection of this name does when it is read or written.
CASES = {
    "Case: changed by somebody else": "changes_once",
    "Case: clears what is left out": "clears_omitted",
    "Case: moves another config": "moves_another",
    "Case: drops the update": "drops",
    "Case: gone when it is written": "gone_on_write",
    "Case: listed but gone": "gone_on_read",
    "Case: answers no secret at all": "null_secrets",
    "Case: answers without configs": "no_configs",
}
_SUPPLIERS = (
    *("Acme", "Globex", "Initech", "Umbra", "Hooli", "Vandelay", "Soylent", "Stark", "Wayne", "Tyrell", "Cyberdyne"),
    *("Wonka", "Duff", "Oceanic", "Gringotts", "Sirius", "Massive", "Pied Piper", "Bluth", "Dunder", "Prestige"),
)


@dataclass
class Connection:
    """One connection as Flxpoint holds it: `configs` in clear. `shows` is how secrets are answered."""

    id: int
    kind: ConnectionType
    name: str
    configs: list[Json]
    shows: str = "clear"
    case: str = ""
    reads: int = 0
    extras: Json = field(default_factory=dict)

    def config(self, handle: str) -> Json | None:
        return next((one for one in self.configs if one["handle"] == handle), None)

    def shown(self) -> Json:
        """Return the connection as the API answers it."""
        configs: list[Json] | None = [dict(one) for one in self.configs]
        for one in secret_configs(configs or []) if self.shows != "clear" else ():
            if one["value"] and (one["dataType"] == "password" or self.shows == "null"):
                one["value"] = MASK if self.shows == "masked" else None
        if self.case == "no_configs":
            configs = None
        return {
            "id": self.id,
            "connectionType": self.kind.handle,
            "connectionTypeId": self.kind.id,
            "connectionTypeName": self.kind.name,
            "requiresConnectionToTest": self.kind.needs_test,
            "name": self.name,
            "configs": configs,
            **self.extras,
        }


@dataclass
class World:
    connections: dict[int, Connection]
    sources: list[Json]
    channels: list[Json]
    next_id: int

    def add(self, kind: ConnectionType, name: str) -> Connection:
        made = Connection(self.next_id, kind, name, kind.template())
        self.connections[made.id] = made
        self.next_id += 7
        return made


def build(seed: int, size: int) -> World:
    """Build the world; the same for the same seed."""
    rng = random.Random(f"flxpoint {seed}")  # noqa: S311 - a demo, not secrets
    world = World({}, [], [], 48655)
    for made in _documented():
        world.connections[made.id] = made
    world.next_id = 48655
    for name, case in CASES.items():
        kind = SHOPIFY if case == "clears_omitted" else CSV_XLSX
        made = _filled(world.add(kind, name), rng)
        made.case = case
        made.shows = {"clears_omitted": "masked", "null_secrets": "null"}.get(case, "clear")
    kinds = (CSV_XLSX, CSV_XLSX, CSV_XLSX, SHOPIFY, SHOPIFY, BIGCOMMERCE, WOOCOMMERCE, AMAZON, ORDER_API, EDI_PARTNER)
    while len(world.connections) < size:
        number = len(world.connections)
        supplier = _SUPPLIERS[number % len(_SUPPLIERS)]
        kind = kinds[number % len(kinds)]
        made = _filled(world.add(kind, f"{supplier} - {_PURPOSES[kind.handle]} {number}"), rng)
        made.shows = "masked" if kind in (SHOPIFY, BIGCOMMERCE) else "clear"
        if number % 9 == 4:
            _leave_incomplete(made)
    _connect(world, rng)
    return world


_PURPOSES = {
    "csv_xlsx": "inventory feed",
    "shopify": "storefront",
    "bigcommerce": "outlet",
    "woocommerce": "shop",
    "amazon_sp": "marketplace",
    "order_api": "orders",
    "edi_partner": "EDI",
}


def _documented() -> list[Connection]:
    """Return the four connections of the contract's samples, value for value."""
    storefront = Connection(48213, SHOPIFY, "Northwind storefront", SHOPIFY.template(), shows="masked")
    _set(
        storefront,
        store_url="northwind-demo.myshopify.com",
        auth_type="custom_app",
        api_key="0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        api_secret_key="shpss_sample_only",  # noqa: S106 - opens nothing
        access_token="shpat_sample_only",  # noqa: S106 - opens nothing
    )
    feed = Connection(48377, CSV_XLSX, "Acme Supply - inventory feed", CSV_XLSX.template())
    _set(
        feed,
        protocol="sftp",
        host="sftp.acme-supply.example",
        port="22",
        username="flx-acme",
        password="S4mple-Only-Pw",  # noqa: S106 - opens nothing
        remote_path="/outbound/inventory.csv",
        delimiter=",",
        has_header="true",
        refresh_minutes="60",
        notes="Acme nightly feed.\nAsk for Dana when it stops.",
        legacy_connector_id="A-1017",
        internal_flags="v2",
    )
    outlet = Connection(48402, BIGCOMMERCE, "Outlet store (BigCommerce)", BIGCOMMERCE.template())
    _set(
        outlet,
        store_hash="k3example9",
        client_id="bcclient-example-0001",
        access_token="",
        rate_limit_share="0.5",
        order_start_date="2026-01-01",
        order_statuses="7,9,11",
    )
    sparse = Connection(48590, EDI_PARTNER, "", list(reversed(EDI_PARTNER.template())))
    return [storefront, feed, outlet, sparse]


def _set(connection: Connection, **values: str) -> None:
    for handle, value in values.items():
        found = connection.config(handle)
        assert found is not None, handle  # noqa: S101 - a slip in this file
        found["value"] = value


def _filled(connection: Connection, rng: random.Random) -> Connection:
    host = f"{connection.name.split(' - ')[0].lower().replace(' ', '-').replace(':', '')}.example"
    token = f"sample-{rng.getrandbits(64):016x}"
    values = {
        "csv_xlsx": {
            "protocol": rng.choice(("ftp", "sftp")),
            "host": f"sftp.{host}",
            "port": "22",
            "username": f"flx-{connection.id}",
            "password": token,
            "remote_path": f"/outbound/{connection.id}.csv",
            "delimiter": rng.choice((",", "\t", ";")),
            "has_header": "true",
            "refresh_minutes": rng.choice(("15", "60", "30")),
            "notes": "Nightly.\nAsk for the feed team.",
            "internal_flags": "v2",
        },
        "shopify": {"store_url": host, "auth_type": "custom_app", "api_key": token, "access_token": token[::-1]},
        "bigcommerce": {"store_hash": token[-9:], "client_id": f"bc-{connection.id}", "access_token": token},
        "woocommerce": {
            "store_url": f"https://shop.{host}",
            "consumer_key": f"ck_{token}",
            "consumer_secret": f"cs_{token[::-1]}",
            "contact_email": f"shop@{host}",
        },
        "amazon_sp": {"region": "na", "seller_id": f"A{connection.id}", "oauth": token, "marketplaces": "US,MX"},
        "order_api": {
            "endpoint": f"https://orders.{host}/v1",
            "client_secret": token,
            "filename_pattern": "{{date}}-orders.json",
            "wildcard": "*",
        },
        "edi_partner": {"qualifier": "ZZ", "oauth": token},
    }[connection.kind.handle]
    _set(connection, **values)
    return connection


def _leave_incomplete(connection: Connection) -> None:
    for one in reversed(connection.configs):
        if one["required"] and not one["defaultValue"]:
            one["value"] = None if connection.id % 2 else ""
            return


def _connect(world: World, rng: random.Random) -> None:
    """Make sources and channels; integrations name their connection in each of the ways we know of."""
    sellers = {SHOPIFY.handle, BIGCOMMERCE.handle, WOOCOMMERCE.handle, AMAZON.handle}
    for number, connection in enumerate(world.connections.values()):
        if number % 6 == 5:
            continue
        is_channel = connection.kind.handle in sellers
        operations = ("sync_listings", "get_orders") if is_channel else ("get_inventory_primary", "send_orders")
        feeder: Json = {
            "id": (3301 if is_channel else 210740) + number,
            "name": connection.name or f"Partner {connection.id}",
            "description": None,
            "integrations": [
                {"id": 88101 + number * 2 + place, "operation": operation, **_naming(number, connection.id)}
                for place, operation in enumerate(operations[: 1 + number % 2])
            ],
        }
        (world.channels if is_channel else world.sources).append(feeder)
    world.sources.append({"id": 210911, "name": "Own warehouse", "description": None, "integrations": []})


def _naming(number: int, connection_id: int) -> dict[str, Any]:
    ways: tuple[dict[str, Any], ...] = (
        {"connectionId": connection_id},
        {"connection_id": str(connection_id)},
        {"connection": {"id": connection_id}},
    )
    return ways[number % 3]


__all__ = ["ACCOUNT", "CASES", "CONNECTIONS_IN_DEMO", "MASK", "TYPES", "Connection", "World", "build"]
