"""The world of the emulator: links and consents, the same for the same seed, with dates relative to the clock."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from . import sandbox_samples
from .sandbox_consents import add_consents
from .sandbox_dates import stamp
from .sandbox_institutions import Institution, institutions

Json = dict[str, Any]
# What the API of 2021 shows of a link: the seven keys of the owner's documents.
OLD_KEYS = ("id", "institution", "access_mode", "last_accessed_at", "status", "created_by", "refresh_rate")
BANK = ["ACCOUNTS", "OWNERS", "TRANSACTIONS"]
NOWHERE: frozenset[str] = frozenset()
EVERYWHERE = frozenset({"detail", "update", "refresh", "settings", "delete"})


@dataclass(slots=True)
class LinkRecord:
    """One link: what Belvo shows of it, and what it knows beside that.

    `absent` names keys that its answers leave out. A link with a `case` answers the operations in `case_on` with that
    row of `sandbox_cases.CASES`, whatever is sent.
    """

    body: Json
    username: str
    document: str = ""
    absent: frozenset[str] = NOWHERE
    case: str = ""
    case_on: frozenset[str] = NOWHERE
    is_busy: bool = False
    refreshed_at: datetime | None = None
    is_leaving: bool = False
    widget_until: datetime | None = None

    @property
    def id(self) -> str:
        return str(self.body["id"])

    @property
    def institution(self) -> str:
        return str(self.body["institution"])

    @property
    def status(self) -> str:
        return str(self.body["status"])

    def was_accessed(self, at: datetime) -> None:
        """Note a successful access to the institution."""
        self.body["last_accessed_at"] = stamp(at)

    def shown(self) -> Json:
        return {key: value for key, value in self.body.items() if key not in self.absent}


@dataclass(slots=True)
class World:
    """Everything Belvo keeps for one customer of its API. Not safe by itself: the emulator's lock guards it."""

    seed: int
    rng: random.Random
    institutions: dict[str, Institution]
    links: dict[str, LinkRecord] = field(default_factory=dict)
    consents: dict[str, Json] = field(default_factory=dict)

    def institution_of(self, link: LinkRecord) -> Institution:
        """Return the institution; a link may name one that the list does not show, which then behaves like any bank."""
        return self.institutions.get(link.institution) or Institution({**_UNLISTED, "name": link.institution})

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def user_id(self, institution: str, username: str) -> str:
        """Return what identifies a person at an institution: 44 characters, the same for the same login."""
        key = hmac.new(str(self.seed).encode(), f"{institution}:{username}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(key).decode()

    def add(self, link: LinkRecord, institution: Institution) -> LinkRecord:
        self.links[link.id] = link
        if institution.old_shapes:
            link.absent = frozenset(link.body) - frozenset(OLD_KEYS)
        return link

    def forget(self, link: LinkRecord) -> None:
        self.links.pop(link.id, None)
        for consent in [found for found in self.consents.values() if found["link_id"] == link.id]:
            del self.consents[consent["id"]]


_UNLISTED: Json = {"integration_type": "credentials", "form_fields": [], "resources": BANK, "status": "healthy"}


def build(seed: int, now: datetime, links: int) -> World:
    """Build a world of `links` links (never fewer than the documented and the special ones)."""
    world = World(seed, random.Random(seed), institutions())  # noqa: S311 - data for a demo, not a secret
    _add_samples(world, now)
    _add_cases(world, now)
    _add_odd(world, now)
    _add_ordinary(world, now, links - len(world.links))
    add_consents(world, now)
    return world


# -- the links of the documented samples


def _add_samples(world: World, now: datetime) -> None:
    days = (now - sandbox_samples.PLAY_AT) // timedelta(days=1)
    for number, sample in enumerate(sandbox_samples.LINKS):
        moved = {key: _moved(sample[key], days) for key in ("last_accessed_at", "created_at")}
        bank = world.institutions[sample["institution"]]
        document = sandbox_samples.CPF if bank.is_openfinance else ""
        world.add(LinkRecord({**sample, **moved}, f"sample{number}", document), bank)


def _moved(text: str | None, days: int) -> str | None:
    """Move a date by whole days and leave the way it is written as it is."""
    if text is None:
        return None
    day = datetime.fromisoformat(text[:10]) + timedelta(days=days)
    return day.strftime("%Y-%m-%d") + text[10:]


# -- links that answer in one special way: their external id says which

_CASE_LINKS: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("unavailable_data", "gringotts_mx_retail", frozenset({"refresh"})),
    ("operational_limits_reached", "ofmockbank_br_retail", frozenset({"refresh"})),
    ("consent_without_accounts", "ofmockbank_br_retail", frozenset({"refresh", "detail"})),
    ("quota_limit_reached", "erebor_co_retail", frozenset({"refresh"})),
    ("request_timeout", "gringotts_br_retail", frozenset({"refresh", "update"})),
    ("access_to_resource_denied", "erebor_br_retail", EVERYWHERE),
    ("permission_denied", "rivendell_mx_business", frozenset({"update", "refresh", "settings", "delete"})),
    ("unexpected_error", "gringotts_mx_retail", frozenset({"settings", "delete"})),
    ("service_unavailable", "erebor_mx_retail", frozenset({"detail", "refresh"})),
    ("not_found", "erebor_co_retail", EVERYWHERE),
    ("session_expired_ob", "ofmockbank_br_retail", frozenset({"token"})),
    ("activation_failed", "lorien_br_retail", frozenset({"update"})),
    ("unknown_code", "lorien_br_retail", frozenset({"refresh", "settings"})),
)


def _add_cases(world: World, now: datetime) -> None:
    for word, institution, where in _CASE_LINKS:
        link = _ordinary(world, now, world.institutions[institution], f"case-{word}", "valid")
        link.case, link.case_on = word, where
    expired = _ordinary(world, now, world.institutions["tatooine_mx_fiscal"], "case-expired_credentials", "valid")
    long_ago = stamp(now - timedelta(days=60))
    expired.body |= {"access_mode": "single", "refresh_rate": None, "credentials_storage": "30d"}
    expired.body |= {"created_at": long_ago, "last_accessed_at": long_ago}
    unstored = _ordinary(world, now, world.institutions["tatooine_mx_fiscal"], "case-nostore", "valid")
    unstored.body |= {"access_mode": "single", "refresh_rate": None, "credentials_storage": "nostore"}


# -- links with what the documents allow and few people expect


def _add_odd(world: World, now: datetime) -> None:
    references = iter(customer_references()[-10:])
    banks = world.institutions

    def odd(institution: str, status: str = "valid", *, absent: tuple[str, ...] = (), **body: Any) -> LinkRecord:
        bank = banks.get(institution) or Institution({**_UNLISTED, "name": institution})
        link = _ordinary(world, now, bank, next(references), status)
        link.absent |= frozenset(absent)
        link.body |= body
        return link

    odd("erebor_mx_retail", "frozen")
    odd("numenor_mx_retail", "invalid")
    odd("erebor_br_retail", access_mode=None, refresh_rate=None, institution_user_id=None, last_accessed_at=None)
    odd("lorien_br_retail", refresh_rate="90d", access_mode="burst", data_residency={"region": "sa-east-1"})
    odd("gringotts_br_retail", absent=("credentials_storage", "fetch_resources", "stale_in", "institution_user_id"))
    odd("gondor_co_retail", absent=("external_id", "created_at"))
    odd("erebor_co_retail", fetch_resources=None, stale_in=None, credentials_storage=None)
    odd("ofbs2_br_business", created_at=stamp(now - timedelta(days=200), "+00:00"))
    odd("shelob_mx_retail", "invalid", last_accessed_at=stamp(now - timedelta(days=3), "ms"))
    odd("rivendell_mx_business", "token_required", fetch_resources=[])


# -- all the others

_STATUS_OF_TWENTY = ("valid",) * 12 + ("invalid",) * 3 + ("token_required",) * 3 + ("unconfirmed",) * 2


def customer_references() -> list[str]:
    """Return the 80 external ids behind which `dashboard/demo/customers.csv` has a person or a company."""
    rng = random.Random(80)  # noqa: S311 - data for a demo, not a secret
    references = ["cust_004182", "cust_001377", "cust_003311", "cust_005903", "cust_002650", "cust_000815"]
    references += [f"cust_{number:06d}" for number in sorted(rng.sample(range(6100, 9900), 64))]
    references += [
        "acme-co-0001",
        "ACME-MX-77",
        "7c1e2d5a-52a4-4b57-9d5e-0c5a4a1f9e10",
        "crm_000000000000000042",
        "abc",
    ]
    references += ["partner-" + "0123456789abcdef" * 15 + "-tail_7f", "norte_2024-11", "SUR-0099", "T-1000", "zz-last"]
    return references


def _add_ordinary(world: World, now: datetime, count: int) -> None:
    taken = {link.body["external_id"] for link in world.links.values()}
    free = [reference for reference in customer_references() if reference not in taken]
    # A person may have several links; some links belong to nobody we know.
    waiting: list[str | None] = [*free, *free[:22], *free[:6], *[None] * 12]
    banks = list(world.institutions.values())
    for number in range(max(0, count)):
        bank = banks[number % len(banks)]
        reference = waiting[number] if number < len(waiting) else f"load_{number:07d}"
        status = _status_of(world, bank, number // len(banks))
        _ordinary(world, now, bank, reference, status)


def _status_of(world: World, bank: Institution, turn: int) -> str:
    """Return a status for the next link of a bank, so that each bank soon has a good one and a broken one."""
    if turn < 2:
        return ("valid", "invalid")[turn]
    if turn == 2 and bank.mfa:
        return "token_required"
    status = _STATUS_OF_TWENTY[world.rng.randrange(20)]
    return "valid" if bank.is_openfinance and status == "token_required" else status


def _ordinary(world: World, now: datetime, bank: Institution, reference: str | None, status: str) -> LinkRecord:
    rng = world.rng
    username = f"user{len(world.links):05d}"
    created_at = now - timedelta(
        days=rng.randint(2, 700), seconds=rng.randrange(86_400), microseconds=rng.randrange(10**6)
    )
    silent_days = 0 if status == "valid" else rng.randint(1, 40)
    accessed_at = max(created_at, now - timedelta(days=silent_days, seconds=rng.randrange(600, 80_000)))
    is_recurrent = rng.random() < 0.8
    style = rng.choice(("Z", "Z", "ms", "+00:00"))
    resources = [name for name in bank.resources if name in BANK] or bank.resources[:2]
    body = {
        "id": world.new_id(),
        "institution": bank.name,
        "access_mode": "recurrent" if is_recurrent else "single",
        "last_accessed_at": None if status == "unconfirmed" else stamp(accessed_at, style),
        "created_at": stamp(created_at, style),
        "external_id": reference,
        "institution_user_id": world.user_id(bank.name, username),
        "status": status,
        "created_by": sandbox_samples.CREATED_BY,
        "refresh_rate": rng.choice(("6h", "12h", "24h", "7d", "7d", "30d")) if is_recurrent else None,
        "credentials_storage": "store" if is_recurrent else "365d",
        "fetch_resources": resources,
        "stale_in": rng.choice(("365d", "365d", "180d", "90d")),
    }
    document = f"{rng.randrange(10**10, 10**11)}" if bank.is_openfinance else ""
    return world.add(LinkRecord(body, username, document), bank)
