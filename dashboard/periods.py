"""Spans of time as people type them: a day, a month, a quarter, a year, an age."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_AGES = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_EARLIEST, _LATEST = 2000, 9000


def period(text: str, *, now: datetime) -> tuple[datetime, datetime] | None:
    """Return the first moment of a span and the first one after it, in the zone of `now`; None for what is none."""
    text = text.strip().lower()
    if text in ("today", "yesterday"):
        day = _midnight(now) - timedelta(days=text == "yesterday")
        return _midnight(day), _midnight(day + timedelta(days=1, hours=12))
    try:
        return _age(text, now) or _calendar(text, now) or _moment(text, now)
    except (ValueError, OverflowError):
        return None


def _age(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    match = re.fullmatch(r"(\d{1,5})([mhdw])", text, re.ASCII)
    if match is None:
        return None
    then = now - timedelta(**{_AGES[match[2]]: int(match[1])})
    return (then, then) if then.year >= _EARLIEST else None


def _calendar(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    match = re.fullmatch(r"(\d{4})(?:-(?:q([1-4])|(\d\d?)(?:-(\d\d?))?))?", text, re.ASCII)
    if match is None or not _EARLIEST <= int(match[1]) <= _LATEST:
        return None
    year, quarter, month, day = (int(part) if part else 0 for part in match.groups())
    first_month = quarter * 3 - 2 if quarter else month or 1
    start = now.replace(year=year, month=first_month, day=day or 1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    if day:
        return start, _midnight(start + timedelta(days=1, hours=12))
    months = year * 12 + first_month - 1 + (3 if quarter else 1 if month else 12)
    return start, start.replace(year=months // 12, month=months % 12 + 1)


def _moment(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """Read a day with a time, with or without a zone of its own; it lasts a minute."""
    if not re.match(r"\d{4}-\d\d-\d\dt\d\d", text, re.ASCII):
        return None
    moment = datetime.fromisoformat(text.upper())
    if not _EARLIEST <= moment.year <= _LATEST:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
    return moment, moment + timedelta(minutes=1)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
