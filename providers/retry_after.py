"""`Retry-After`: seconds or a date, from remotes that may write anything."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_RETRY_AFTER_S = 86_400.0


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Return seconds from `now`, at most one day; 0.0 for a date that has passed; None for nonsense.

    Source: RFC 9110, section 10.2.3. Assumed: a decimal fraction, which some remotes send, means what it says.
    """
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return min(float(text), MAX_RETRY_AFTER_S)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(0.0, (at - now).total_seconds()), MAX_RETRY_AFTER_S)
