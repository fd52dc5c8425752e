"""Belvo's error catalogue, one table. Rows with a `message` stand before the row of the bare code.

Sources: “API and Widget Errors” (developers.belvo.com), OAS 1.223.0 and the owner's documents; where they disagree
about the HTTP status, the row matches by code and takes any status.
"""

from __future__ import annotations

from ...errors import ErrorRule
from .access import ACCESS
from .institution import INSTITUTION
from .link import LINK
from .local import LOCAL
from .login import LOGIN
from .request import REQUEST

RULES: tuple[ErrorRule, ...] = (*LOGIN, *LINK, *INSTITUTION, *REQUEST, *ACCESS)

# Rows that no answer of Belvo matches by itself: they say what an answer means for one particular call of ours.
BY_CALL: tuple[ErrorRule, ...] = LOCAL
