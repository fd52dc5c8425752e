"""One process among several that all use one access token: it asks MoneyKit once at each line it is given."""

from __future__ import annotations

import sys


def main() -> None:
    import django

    django.setup()
    from dashboard.registry import provider_for

    provider = provider_for("moneykit")
    print("ready", flush=True)
    for _ in sys.stdin:
        print(type(provider.check()).__name__, flush=True)


if __name__ == "__main__":
    main()
