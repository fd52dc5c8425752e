"""The types of connections that the emulator knows, each with the configs of a new connection."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class ConnectionType:
    handle: str
    id: int
    name: str | None
    needs_test: bool | None
    configs: tuple[Json, ...]

    def template(self) -> list[Json]:
        return deepcopy(list(self.configs))


def options(**labels: str) -> list[Json]:
    return [{"value": value, "label": label} for value, label in labels.items()]


def config(order: int, handle: str, name: str, data_type: str = "string", **more: Any) -> Json:
    usual: Json = {
        "handle": handle,
        "name": name,
        "required": False,
        "editable": True,
        "dataType": data_type,
        "defaultValue": None,
        "options": [],
        "advanced": False,
        "value": None,
        "hidden": False,
        "description": None,
        "sortOrder": order,
    }
    return usual | more


def required(order: int, handle: str, name: str, data_type: str = "string", **more: Any) -> Json:
    return config(order, handle, name, data_type, required=True, **more)


DELIMITERS = [
    {"value": ",", "label": "Comma"},
    {"value": "\t", "label": "Tab"},
    {"value": "|", "label": "Pipe"},
    {"value": ";", "label": "Semicolon"},
]
CSV_XLSX = ConnectionType(
    "csv_xlsx",
    31,
    "CSV/XLSX File",
    False,
    (
        required(
            10,
            "protocol",
            "Connection Method",
            "select",
            defaultValue="sftp",
            options=options(ftp="FTP", sftp="SFTP", http="HTTP download"),
            description="How the file is fetched.",
        ),
        required(20, "host", "Host", description="Host name, without a scheme."),
        config(30, "port", "Port", "integer", defaultValue="22"),
        required(40, "username", "Username"),
        config(50, "password", "Password", "password", description="Leave as is to keep the stored password."),
        config(
            60,
            "private_key",
            "Private Key",
            "text",
            advanced=True,
            description="PEM private key, used instead of a password.",
        ),
        required(70, "remote_path", "Remote Path", defaultValue="/"),
        config(80, "delimiter", "Delimiter", "select", defaultValue=",", options=DELIMITERS),
        config(90, "has_header", "File Has Header Row", "boolean", defaultValue="true"),
        config(
            100,
            "refresh_minutes",
            "Refresh Interval",
            "select",
            defaultValue="60",
            advanced=True,
            options=[
                {"value": "15", "label": "Every 15 minutes"},
                {"value": "60", "label": "Every hour"},
                {"value": "1440", "label": "Once a day"},
            ],
        ),
        config(110, "encoding", "Character Encoding", defaultValue="UTF-8", advanced=True),
        config(120, "notes", "Notes", "text", advanced=True),
        config(
            130,
            "legacy_connector_id",
            "Legacy Connector ID",
            editable=False,
            advanced=True,
            description="Set by Flxpoint; cannot be changed.",
        ),
        config(140, "internal_flags", "Internal Flags", editable=False, hidden=True),
    ),
)
SHOPIFY = ConnectionType(
    "shopify",
    4,
    "Shopify",
    True,
    (
        required(10, "store_url", "Store URL", description="The .myshopify.com host."),
        required(
            20,
            "auth_type",
            "Authentication",
            "select",
            defaultValue="oauth2",
            options=options(oauth2="OAuth2 (Flxpoint app)", custom_app="Custom app"),
        ),
        config(30, "api_key", "API Key"),
        config(40, "api_secret_key", "API Secret Key", "password"),
        required(50, "access_token", "Admin API Access Token", "password", description="Shown once by Shopify."),
        config(
            60,
            "location_id",
            "Default Location",
            "select",
            advanced=True,
            options=[{"value": "771", "label": "Main warehouse"}, {"value": None, "label": None}],
        ),
        config(70, "webhook_secret", "Webhook Secret", "password", editable=False, advanced=True, hidden=True),
    ),
)
BIGCOMMERCE = ConnectionType(
    "bigcommerce",
    7,
    "BigCommerce",
    True,
    (
        required(10, "store_hash", "Store Hash"),
        required(20, "client_id", "Client ID"),
        required(30, "access_token", "Access Token", "password"),
        config(40, "rate_limit_share", "Share Of Rate Limit", "decimal", defaultValue="1", advanced=True),
        config(50, "order_start_date", "Import Orders From", "date", advanced=True),
        config(
            60,
            "order_statuses",
            "Order Statuses",
            "multi_select",
            advanced=True,
            options=[
                {"value": "7", "label": "Awaiting Pickup"},
                {"value": "9", "label": "Awaiting Shipment"},
                {"value": "11", "label": "Awaiting Fulfillment"},
            ],
        ),
    ),
)
EDI_PARTNER = ConnectionType(
    "edi_partner",
    52,
    None,
    None,
    (
        config(5, "oauth", "Authorise", "oauth2", required=True, description="A data type the client does not know."),
        config(0, "qualifier", "", "") | dict.fromkeys(("name", "dataType", "required", "editable", "sortOrder")),
    ),
)
WOOCOMMERCE = ConnectionType(
    "woocommerce",
    9,
    "WooCommerce",
    True,
    (
        required(10, "store_url", "Store URL", description="https:// and the host of the shop."),
        required(20, "consumer_key", "Consumer Key"),
        required(30, "consumer_secret", "Consumer Secret", "password"),
        config(40, "verify_tls", "Check Certificate", "boolean", defaultValue="true", advanced=True),
        config(50, "contact_email", "Contact E-mail", description="Who is told when the shop does not answer."),
    ),
)
AMAZON = ConnectionType(
    "amazon_sp",
    12,
    "Amazon Selling Partner",
    True,
    (
        required(
            10,
            "region",
            "Region",
            "select",
            defaultValue="na",
            options=options(na="North America", eu="Europe", fe="Far East"),
        ),
        required(20, "seller_id", "Seller ID"),
        required(30, "oauth", "Authorise", "oauth2"),
        config(40, "marketplaces", "Marketplaces", "multi_select", options=options(US="US", CA="Canada", MX="Mexico")),
    ),
)
ORDER_API = ConnectionType(
    "order_api",
    40,
    "Order API",
    False,
    (
        required(10, "endpoint", "Endpoint", description="The address that takes orders."),
        required(20, "client_secret", "Client Secret", "password"),
        config(30, "timeout_seconds", "Timeout", "integer", defaultValue="30", advanced=True),
        config(40, "filename_pattern", "File Name", defaultValue="{{date}}.json", advanced=True),
        config(50, "wildcard", "Products", description="An asterisk means all of them."),
    ),
)
TYPES = {kind.handle: kind for kind in (CSV_XLSX, SHOPIFY, BIGCOMMERCE, EDI_PARTNER, WOOCOMMERCE, AMAZON, ORDER_API)}
SECRET_HANDLES = frozenset(
    (
        *("password", "private_key", "api_key", "api_secret_key", "access_token", "webhook_secret", "consumer_secret"),
        *("consumer_key", "oauth", "client_secret"),
    )
)


def secret_configs(configs: list[Json]) -> Iterator[Json]:
    return (one for one in configs if one["handle"] in SECRET_HANDLES)
