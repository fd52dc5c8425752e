"""The records of the emulated database, the same for the same seed, with dates relative to the clock."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime

from .sandbox_files import AM, DATE_ZERO, FILES, SM, VM

# External ids of the demo's customers. Source: dashboard/demo/customers.csv, read by `manage.py demo`.
_REFERENCES = (
    *("001377", "003311", "005903", "002650", "000815", "006116", "006161", "006165", "006201", "006202"),
    *("006322", "006423", "006515", "006518", "006634", "006692", "006714", "006751", "006794", "006808", "006935"),
    *("007001", "007047", "007088", "007097", "007158", "007208", "007212"),
)
_NAMES = (
    "Northwind",
    "Tatooine Imports",
    "Café 'Sud'",
    "Smith & Sons <UK>",
    'The "A" Shop',
    "Ærø Fisk",
    "ÜBER ÞÝ",
)
_SERVICES = ("orders", "inventory", "invoices", "catalogue", "returns")
# Records with a character of their own: what happens when they are read or changed. See sandbox.py.
CASES = (
    *("RACE", "VANISH", "HOLD", "QUIET", "SHOUT", "SLOW", "SHUT", "BARE", "FAULT", "FROZEN", "LANDED", "ODD"),
    *("TORN", "SPOILT", "NOKEY", "NOSCOPE", "NOWHERE", "BUSY"),
)
# So many ordinary records there are at least: `_spoil` needs them.
_SPOILT = 5
ODD_IDS = ("A/B 7", "X#1*2", "Q'1", "50%&7", "..", "Ü 9", "B/'s' \"C\"")


@dataclass(slots=True)
class World:
    """Records by file and id; each is its whole text. Not safe by itself: the emulator's lock guards it."""

    records: dict[str, dict[str, str]] = field(default_factory=dict)

    def find(self, file: str, item_id: str) -> str | None:
        return self.records.get(file, {}).get(item_id)

    def put(self, file: str, item_id: str, record: str) -> None:
        self.records.setdefault(file, {})[item_id] = record

    def delete(self, file: str, item_id: str) -> None:
        self.records.get(file, {}).pop(item_id, None)


def is_case(item_id: str, case: str) -> bool:
    """Say whether a record is one of those with a character of its own: RACE*1 is a RACE."""
    return item_id.partition("*")[0] == case


def build(seed: int, now: datetime, accounts: int) -> World:
    world = World({name: {} for name in FILES})
    _add_samples(world)
    rng = random.Random(seed)  # noqa: S311 - data for a demo, not a secret
    today = (now.date() - DATE_ZERO).days
    for case in CASES:
        world.put("ACCOUNTS", f"{case}*1", _account(rng, today, len(world.records["ACCOUNTS"])))
    for odd in ODD_IDS:
        world.put("ACCOUNTS", odd, _account(rng, today, len(world.records["ACCOUNTS"])))
    for number in range(max(_SPOILT, accounts - len(world.records["ACCOUNTS"]))):
        world.put("ACCOUNTS", f"AC*{1001 + number}", _account(rng, today, number))
    _spoil(world)
    return world


def _account(rng: random.Random, today: int, number: int) -> str:
    services = rng.sample(_SERVICES, rng.randint(1, 3))
    reference = f"cust_{_REFERENCES[number % len(_REFERENCES)]}"
    status = rng.choices(("active", "suspended", "closed"), (7, 2, 1))[0]
    renewals = VM.join(SM.join(str(today + 30 * step) for step in range(1, rng.randint(2, 4))) for _ in services)
    name = f"{_NAMES[number % len(_NAMES)]} {number}"
    return AM.join(
        [
            reference,
            name,
            status,
            VM.join(f"{part}{number}@shop.example" for part in ("ops", "dana")[: rng.randint(1, 2)]),
            f"444 - 444 - {number:03}",
            VM.join(services),
            VM.join(str(rng.randint(1, 50)) for _ in services),
            VM.join(f"{rng.randint(100, 9900) / 100:.2f}" for _ in services),
            renewals,
            str(today - rng.randint(0, 400)),
            f"tk_{rng.getrandbits(64):016x}",
            "",
            f"internal {number}",
        ]
    )


def _spoil(world: World) -> None:
    """Make some records as real ones are: a word of its own for a status, an umlaut that split a name, a gap."""
    accounts = world.records["ACCOUNTS"]
    accounts["AC*1001"] = _with(accounts["AC*1001"], 3, "dormant")
    accounts["AC*1002"] = _with(accounts["AC*1002"], 2, f"M{SM}ller & S{SM}hne")
    accounts["AC*1003"] = _with(accounts["AC*1003"], 5, "")
    accounts["AC*1004"] = _with(accounts["AC*1004"], 2, "")
    accounts["AC*1005"] = _with(accounts["AC*1005"], 12, f"called twice{VM}{VM}\\ | and\ttabs{SM}  blanks  ")
    accounts["ODD*1"] = _with(accounts["ODD*1"], 5, "bell \x07 in it")
    accounts["SPOILT*1"] = _with(accounts["SPOILT*1"], 13, "read as \ufffd once")


def _with(record: str, number: int, value: str) -> str:
    attributes = record.split(AM)
    attributes[number - 1] = value
    return AM.join(attributes)


def _add_samples(world: World) -> None:
    """Source: the contract's samples, and section 11: 57 customers."""
    for number in range(1, 58):
        address = f"ADDRESS {number}" + (f"{VM}SECOND FLOOR" if number == 3 else "")
        world.put("LK.CUSTOMERS", str(number), AM.join([f"CUSTOMER {number}", address, f"444 - 444 - {number:03}"]))
    world.put("LK.CUSTOMERS", "5", AM.join(["SMITH & SONS", '5 "A" STREET', "444 - 444 - 005"]))
    world.put("LK.ITEMS", "101105", AM.join(["ITEM 101105", "18"]))
    world.put("LK.ITEMS", "101230", AM.join(["ITEM 101230", "250"]))
    world.put(
        "ACCT.LINKS",
        "NW*1001",
        AM.join(
            [
                *("shopify", "active", f"ops@northwind.example{VM}dana@northwind.example"),
                *(f"orders{VM}inventory", "20890", "k_7731", "1"),
            ]
        ),
    )
    world.put(
        "ACCT.LINKS",
        "NW*1002",
        AM.join(["bigcommerce", "suspended", "outlet@northwind.example", "orders", "20861", "", "0"]),
    )
    order = AM.join(
        [
            *("73", "17566", f"101105{VM}101230", f"286{VM}10", f"271.18{VM}12.5"),
            *(f"17619{SM}17659{VM}17600", f"143{SM}143{VM}10"),
        ]
    )
    for number in range(2, 10):
        world.put("LK.ORDERS", str(number), _with(order, 1, str(71 + number)))
