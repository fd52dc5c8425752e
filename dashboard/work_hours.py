"""When people work, as the setting WORK_HOURS says it: "Mon-Thu 08:00-18:00, Fri 08:00-15:00". Empty: always."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from functools import lru_cache

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PART = re.compile(r"([a-z]{3})(?:\s*-\s*([a-z]{3}))?\s+(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})", re.IGNORECASE)


class WorkHoursProblem(ValueError):
    """The setting cannot be read; the message says which part of it."""


@dataclass(frozen=True, slots=True)
class Hours:
    """`until` is the first moment that is not worked any more; 00:00 is the end of the day."""

    days: frozenset[int]
    since: time
    until: time

    def holds(self, moment: datetime) -> bool:
        at = moment.time()
        return moment.weekday() in self.days and self.since <= at and (self.until == time.min or at < self.until)


def is_worked(moment: datetime, setting: str) -> bool:
    """Say whether `moment`, in the zone that people see, lies within the hours of the setting."""
    hours = parse(setting)
    return not hours or any(each.holds(moment) for each in hours)


@lru_cache(maxsize=8)
def parse(setting: str) -> tuple[Hours, ...]:
    """Read the setting, or raise `WorkHoursProblem`."""
    return tuple(_part(part.strip()) for part in setting.split(",") if part.strip())


def _part(text: str) -> Hours:
    found = _PART.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        first, last, since, until = found.groups()
        begin, end = _DAYS.index(first.lower()), _DAYS.index((last or first).lower())
        # A week that goes over Sunday: Sat-Mon.
        days = frozenset((begin + step) % 7 for step in range((end - begin) % 7 + 1))
        hours = Hours(days, _time(since), time.min if until == "24:00" else _time(until))
    except ValueError:
        raise WorkHoursProblem(f"WORK_HOURS: “{text}” is not written as “Mon-Fri 08:00-18:00”.") from None
    if hours.until != time.min and hours.until <= hours.since:
        raise WorkHoursProblem(f"WORK_HOURS: “{text}” ends before it begins; write a night as two parts.")
    return hours


def _time(text: str) -> time:
    hour, _, minute = text.partition(":")
    return time(int(hour), int(minute))
