"""Belvo's lists: page numbers as cursors, and a `next` that is followed only to where our keys may go."""

from __future__ import annotations

import logging
from urllib.parse import parse_qs, urlsplit

from .payloads import PagePayload

logger = logging.getLogger("linkdesk.providers.belvo")

# The cursor of a page that will not be fetched: asking for it gives the failure, so the list cannot look complete.
NOT_FOLLOWED = "not-followed"


def page_of(cursor: str | None) -> int | None:
    """Return the page number of a cursor; None if it cannot be followed."""
    if cursor is None:
        return 1
    return int(cursor) if cursor.isascii() and cursor.isdigit() and 0 < len(cursor) < 10 else None


def next_cursor(page: PagePayload, *, current: int, base_url: str) -> str | None:
    """Return the cursor of the next page: only its number is taken, only forward, only from our own scheme and host."""
    if not page.next:
        return None
    try:
        ours, theirs = urlsplit(base_url), urlsplit(page.next)
        found = parse_qs(theirs.query).get("page", [""])[-1]
        same_place = not theirs.netloc or (_origin(ours) == _origin(theirs))
    except ValueError:
        found, same_place = "", False
    number = page_of(found or "x")
    if same_place and number is not None and number > current:
        return str(number)
    logger.warning("belvo: the next page of a list is elsewhere or not ahead; not followed")
    return NOT_FOLLOWED


def _origin(url: object) -> tuple[str, str | None, int]:
    scheme = str(getattr(url, "scheme", "")).lower()
    port = getattr(url, "port", None) or (443 if scheme == "https" else 80)
    return scheme, getattr(url, "hostname", None), port
