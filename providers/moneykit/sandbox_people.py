"""Our ids of the customers behind the links: those of `dashboard/demo/customers.csv` that MoneyKit can take."""

from __future__ import annotations

import random

# Source: SDK, CustomerUser.id.
MIN_CHARS, MAX_CHARS = 4, 150


def references() -> list[str]:
    """Return the ids, in the order of that file; the one too short and the one too long for MoneyKit are left out."""
    rng = random.Random(80)  # noqa: S311 - data for a demo, not a secret
    found = ["cust_004182", "cust_001377", "cust_003311", "cust_005903", "cust_002650", "cust_000815"]
    found += [f"cust_{number:06d}" for number in sorted(rng.sample(range(6100, 9900), 64))]
    found += ["acme-co-0001", "ACME-MX-77", "7c1e2d5a-52a4-4b57-9d5e-0c5a4a1f9e10", "crm_000000000000000042"]
    return [*found, "norte_2024-11", "SUR-0099", "T-1000", "zz-last"]
