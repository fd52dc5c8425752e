"""The world of the emulator: institutions, users and their links, the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .codes import LINK_CODES, SESSION_PRODUCTS
from .sandbox_institutions import INSTITUTIONS
from .sandbox_people import references

Json = dict[str, Any]
HOOK = "https://hooks.northwind-pocket.example/moneykit"
AGGREGATORS = ("moneykit", "finicity", "plaid", "yodlee", "mx", "akoya")
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
UNKNOWN_CODE = "quantum_decoherence"
ALWAYS_FREE = frozenset({"patch", "refresh", "delete", "session", "reset", "detail", "webhook"})


@dataclass(slots=True)
class LinkRecord:
    """One link: what MoneyKit shows of it, and what it knows beside that.

    A link with a `case` answers the operations in `case_on` with that error, whatever is sent.
    """

    body: Json
    user: str
    created_at: datetime
    case: str = ""
    case_on: frozenset[str] = frozenset()
    deleted_at: datetime | None = None
    attempts: dict[str, datetime] = field(default_factory=dict)
    due: dict[str, datetime] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.body["link_id"])

    @property
    def state(self) -> str:
        return str(self.body["state"])

    @property
    def was_connected(self) -> bool:
        return bool(self.body["products"]) and self.state != "deleted"

    @property
    def products(self) -> dict[str, Json]:
        found: dict[str, Json] = self.body["products"]
        return found

    def shown(self) -> Json:
        return {**self.body, "tags": self.body["link_tags"]}


@dataclass(slots=True)
class World:
    """Everything MoneyKit keeps for one app. Not safe by itself: the emulator's lock guards it."""

    rng: random.Random
    links: dict[str, LinkRecord] = field(default_factory=dict)

    def new_id(self, prefix: str = "mk_") -> str:
        return prefix + "".join(self.rng.choice(_ALPHABET) for _ in range(22))

    def new_token(self) -> str:
        text = f"{self.rng.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def build(seed: int, now: datetime, links: int) -> World:
    """Build a world of `links` links: each state and error code, each special case, then ordinary ones."""
    world = World(random.Random(seed))  # noqa: S311 - data for a demo, not a secret
    waiting = iter(references())
    _add_states(world, now, waiting)
    _add_cases(world, now, waiting)
    _add_odd(world, now, waiting)
    _add_strict(world, now, waiting)
    while len(world.links) < links:
        number = len(world.links)
        add_link(world, now, next(waiting, f"load_{number:07d}"))
    return world


def add_link(
    world: World, now: datetime, user: str, state: str = "connected", error_code: str | None = None
) -> LinkRecord:
    """Add a link of a user, with products as they are in that state."""
    rng = world.rng
    institution = INSTITUTIONS[rng.randrange(len(INSTITUTIONS))]
    created_at = now - timedelta(days=rng.randint(3, 600), seconds=rng.randrange(86_400))
    never_connected = state in ("connecting", "awaiting_token_exchange") or error_code in ("user_error", "incomplete")
    silent_for = timedelta(days=0 if state == "connected" else rng.randint(1, 40), seconds=rng.randrange(7200, 80_000))
    refreshed_at = max(created_at, now - silent_for)
    granted = [] if never_connected or state == "deleted" else _granted(rng)
    z = rng.choice(("", "Z"))
    body = {
        "link_id": world.new_id(),
        "institution_id": institution["institution_id"],
        "institution_name": institution["name"],
        "institution_avatar": f"https://assets.moneykit.example/avatars/{institution['institution_id']}.png",
        "state": state,
        "error_code": error_code,
        "last_synced_at": stamp(refreshed_at, z) if granted else None,
        "provider": rng.choice(AGGREGATORS),
        "link_tags": [] if state in ("connecting", "deleted") else _tags(rng),
        "webhook": None if never_connected or state == "deleted" or rng.random() < 0.1 else HOOK,
        "products": {name: product(name, refreshed_at, error_code, z) for name in granted},
        "available_products": [name for name in SESSION_PRODUCTS if granted and name not in granted],
    }
    link = LinkRecord(body, user, created_at)
    world.links[link.id] = link
    return link


def product(name: str, at: datetime, error_code: str | None = None, z: str = "") -> Json:
    """Return a product as it is after a refresh at `at`."""
    found: Json = {"refreshed_at": stamp(at, z), "last_attempted_at": stamp(at, z), "error_code": None}
    found |= {"error_message": None, "unavailable": "Link must be reconnected." if error_code else None}
    return found | ({"has_history": True} if name == "transactions" else {})


def stamp(at: datetime, z: str = "") -> str:
    """Write a time as MoneyKit does: seconds, and in older examples without a zone."""
    return at.strftime("%Y-%m-%dT%H:%M:%S") + z


def _granted(rng: random.Random) -> list[str]:
    return ["accounts", "transactions", *(name for name in ("account_numbers", "identity") if rng.random() < 0.5)]


def _tags(rng: random.Random) -> list[str]:
    return ["env:sandbox", rng.choice(("cohort:2025-q1", "cohort:2025-q2", "vip:yes", "app:ios", "app:android"))]


# -- links of each state, and of each special kind; their tags say which


def _add_states(world: World, now: datetime, people: Any) -> None:
    states = ["connecting", "awaiting_token_exchange", "deleted", "deleted"]
    for state in states:
        add_link(world, now, next(people), state)
    last = list(world.links.values())[-1]
    last.deleted_at = now - timedelta(days=3)
    last.case, last.case_on = "deleted", ALWAYS_FREE
    for code in LINK_CODES:
        for _ in range(2 if code in ("auth_expired", "user_error", "institution_error") else 1):
            add_link(world, now, next(people), "error", code)


_CASE_LINKS: tuple[tuple[str, frozenset[str]], ...] = (
    ("other_app", frozenset({"patch", "refresh", "delete", "reset", "session"})),
    ("forbidden_action", frozenset({"patch", "refresh"})),
    ("not_found", frozenset({"patch", "refresh", "delete", "reset", "session"})),
    ("deleted", frozenset({"patch", "refresh", "reset"})),
    ("bad_state", frozenset({"patch", "reset"})),
    ("rate_limit", frozenset({"patch", "refresh", "delete", "session"})),
    ("validation", frozenset({"patch"})),
    ("bad_config", frozenset({"webhook"})),
    ("unauthorized", frozenset({"patch", "refresh"})),
    ("expired_token", frozenset({"patch", "refresh"})),
    ("busy_gateway", frozenset({"patch", "refresh"})),
    ("unknown_code", frozenset({"patch", "refresh", "delete"})),
    ("server_error", frozenset({"patch", "refresh", "delete"})),
    ("bad_gateway", frozenset({"patch", "refresh"})),
    ("empty", frozenset({"patch", "refresh"})),
    ("cut", frozenset({"patch", "refresh"})),
    ("forbidden_config", frozenset({"session"})),
)


def _add_cases(world: World, now: datetime, people: Any) -> None:
    for word, where in _CASE_LINKS:
        link = add_link(world, now, next(people))
        link.case, link.case_on = word, where
        link.body |= {"link_tags": [f"case:{word}"], "webhook": HOOK}


def _add_strict(world: World, now: datetime, people: Any) -> None:
    """Add a broken link of each code that refuses changes because of it. Assumed: MoneyKit does not say which do."""
    for code in (*LINK_CODES, UNKNOWN_CODE):
        link = add_link(world, now, next(people), "error", code)
        link.case, link.case_on = "bad_state", frozenset({"patch"})
        link.body["link_tags"] = ["case:bad_state", f"code:{code}"]


def _add_odd(world: World, now: datetime, people: Any) -> None:
    """Add what the documents allow and few people expect."""

    def odd(tag: str, state: str = "connected", error_code: str | None = None, **body: Any) -> LinkRecord:
        link = add_link(world, now, next(people), state, error_code)
        link.body |= {"link_tags": [f"odd:{tag}"]} | body
        return link

    odd("state", "hibernating")
    odd("code", "error", UNKNOWN_CODE)
    odd("no-code", "error")
    odd("aggregator", provider="sophtron")
    odd("no-webhook", webhook=None)
    odd("long-webhook", webhook=HOOK + "/" + "a" * 500 + "?token=" + "b" * 60)
    odd("many-tags", link_tags=["odd:many-tags", *(f"tag-{number:02d}" for number in range(40)), "9starts-with-digit"])
    odd("null-tags", link_tags=None)
    odd("available", available_products=["identity", "investments", "telepathy"])
    for word, errors in _PRODUCT_ERRORS.items():
        link = odd(f"products-{word}")
        link.body["products"] = {
            name: product(name, now - timedelta(hours=5)) | errors for name in ("accounts", "transactions")
        }
    mixed = odd("products-mixed")
    mixed.body["products"] = {
        "accounts": product("accounts", now - timedelta(minutes=20)) | _PRODUCT_ERRORS["rate_limit"],
        "account_numbers": product("account_numbers", now - timedelta(days=30)) | _PRODUCT_ERRORS["no_permission"],
        "transactions": product("transactions", now - timedelta(hours=3)),
        "telepathy": product("telepathy", now - timedelta(hours=3)) | {"error_code": "brain_fog"},
    }


def _error(code: str, message: str, unavailable: str | None = None) -> Json:
    return {"error_code": code, "error_message": message, "unavailable": unavailable}


_PRODUCT_ERRORS: dict[str, Json] = {
    "rate_limit": _error("rate_limit", "Accounts were refreshed less than one hour ago."),
    "auth_expired": _error("auth_expired", "The authorization has expired.", "Link must be reconnected."),
    "not_supported": _error("not_supported", "The institution does not offer this."),
    "timeout": _error("timeout", "The institution did not answer in time."),
    "unknown": _error("unknown", "Something unexpected happened."),
    "no_accounts": _error("no_accounts", "No account carries this product."),
    "institution_error": _error("institution_error", "The institution is not reachable at the moment."),
    "no_permission": _error("no_permission", "The account holder has not shared this.", "Permission was not granted."),
}
