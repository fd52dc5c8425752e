"""One process among several that all use one token: it asks Flxpoint as fast as the shared gate lets it."""

from __future__ import annotations

import sys
import time


def main() -> None:
    import django

    django.setup()
    from dashboard.registry import provider_for
    from providers.outcomes import Ok

    provider = provider_for("flxpoint")
    print("ready", flush=True)
    sys.stdin.readline()
    until = time.monotonic() + float(sys.argv[1])
    answered = 0
    while time.monotonic() < until:
        answered += isinstance(provider.check(), Ok)
    print(answered, flush=True)


if __name__ == "__main__":
    main()
