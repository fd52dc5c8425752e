"""Our ids of the customers behind the links: those of `dashboard/demo/customers.csv` that MoneyKit can take."""

from __future__ import annotations

import random

OWN = 36


def shared_references() -> list[str]:
    """Return the ids of customers who have accounts at other providers too, in the order of that file."""
    rng = random.Random(80)  # noqa: S311 - data for a demo, not a secret
    found = ["cust_001377", "cust_003311", "cust_005903", "cust_002650", "cust_000815"]
    return found + [f"cust_{number:06d}" for number in sorted(rng.sample(range(6100, 9900), 64))[:22]]


def own_references() -> list[str]:
    """Return the ids of customers who are known at MoneyKit only."""
    return [f"cust_{10_000 + number:06d}" for number in range(1, OWN + 1)]


def references() -> list[str]:
    """Return whose the links are, in their order: the special ones are of customers who have others too."""
    return [*shared_references(), *shared_references(), *own_references()]
