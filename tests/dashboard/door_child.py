"""A process that tries one code or one password many times and says how often it was let through to the comparison."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any


def spend(kind: str, code: str, times: int) -> int:
    from allauth.mfa.models import Authenticator
    from django.db import connection

    from dashboard.services import one_time_codes

    def once(_: int) -> bool:
        with closing(connection):
            return one_time_codes.spend(Authenticator.objects.get(type=kind), code)

    # Ten at a time, in each process.
    with ThreadPoolExecutor(10) as threads:
        return sum(threads.map(once, range(times)))


def guess(limit: str, subject: str, times: int) -> int:
    from dashboard.services import tries

    return sum(tries.take(getattr(tries, limit), subject) for _ in range(times))


def main(arguments: list[str]) -> None:
    import django

    django.setup()
    todo: dict[str, Any] = {"spend": spend, "guess": guess}
    print("ready", flush=True)
    # Told at the start: a code is right for a minute, and a process may take longer to come so far.
    tried = sys.stdin.readline().strip()
    print(todo[arguments[0]](arguments[1], tried, int(arguments[2])), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
