"""Flxpoint's rate limit as its answers tell it: the `X-Auth-*` headers and 429. Pure.

Source: two unrelated public clients read the headers; no page documents them. Assumed: a leaky bucket, where a burst up
to the size passes and then the replenish rate counts.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

from ..http import NoReply, Reply
from ..limiter import Rate

PUBLISHED_PER_S = 2.0
# A slot every 0.56 s: 89 % of the published limit. Two a second exactly would put a third request into some second as
# soon as one of them leaves a little late; this way it may be 120 ms late.
_SHARE = 1 / 1.12
_ROOM = 2
MAX_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class Pool:
    size: float
    used: float
    replenished_per_s: float

    @property
    def is_nearly_full(self) -> bool:
        return self.used >= self.size - _ROOM


def rate_of(requests_per_s: float) -> Rate:
    """Return the gate's rate for a limit: a little less than the limit, so that no second sees more."""
    return Rate(requests=1, per_s=1 / (requests_per_s * _SHARE))


def pool_of(headers: Mapping[str, str]) -> Pool | None:
    """Read the three headers; missing or nonsensical ones are normal."""
    names = ("X-Auth-Pool-Size", "X-Auth-Pool-Used", "X-Auth-Replenished-Per-Second")
    size, used, replenished = (_number(headers.get(name)) for name in names)
    if size is None or used is None or replenished is None or replenished <= 0 or size <= 0:
        return None
    return Pool(size, used, replenished)


def pause_s(answer: Reply | NoReply) -> float | None:
    """Return for how long everybody should be held back after an answer; None where there is no reason to.

    Source: the contract, section 2: slow down when `used >= size - 2`; after a 429 wait `Retry-After`, else
    max(1 s, (used - size + 5) / replenished), with jitter.
    """
    if isinstance(answer, NoReply):
        return None
    pool = pool_of(answer.headers)
    if answer.status == 429:
        if answer.retry_after_s is not None:
            return answer.retry_after_s
        needed_s = (pool.used - pool.size + 5) / pool.replenished_per_s if pool else 1.0
        return min(max(1.0, needed_s), MAX_PAUSE_S) * random.uniform(1.0, 1.2)  # noqa: S311 - not for secrecy
    if pool is None or not pool.is_nearly_full:
        return None
    return min((pool.used - pool.size + _ROOM + 1) / pool.replenished_per_s, MAX_PAUSE_S)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
