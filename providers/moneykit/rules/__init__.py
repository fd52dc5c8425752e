"""MoneyKit's error catalogue, one table, matched by `error_code`.

A 401 means three things and a 422 two, so no row looks at the status unless there is no code at all. Source: SDK 0.2.3
(error models), the owner's document and MoneyKit's pages.
"""

from __future__ import annotations

from ...errors import ErrorRule
from .access import ACCESS
from .link import LINK
from .local import LOCAL
from .state import STATE

RULES: tuple[ErrorRule, ...] = (*STATE, *LINK, *ACCESS)

# Rows that no answer of MoneyKit's matches by itself: they say what an answer means for one call of ours.
BY_CALL: tuple[ErrorRule, ...] = LOCAL
