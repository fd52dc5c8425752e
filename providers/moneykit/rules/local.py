"""What an answer means for one particular call of ours."""

from __future__ import annotations

from ...attention import Who
from ...errors import Becomes, ErrorRule

WRONG_ADDRESS = ErrorRule(
    code="moneykit.wrong_address",
    becomes=Becomes.DENIED,
    sentence="At the configured address there is nothing that answers like MoneyKit.",
    next_step="Tell an administrator to check the setting MONEYKIT_URL.",
    who=Who.ADMIN,
    source="Linkdesk: 404 without a code of MoneyKit's, where no single link was asked for.",
)
CURSOR_UNUSABLE = ErrorRule(
    code="moneykit.cursor_unusable",
    becomes=Becomes.UNAVAILABLE,
    sentence="The place in MoneyKit's list at which to go on cannot be read.",
    next_step="Begin the list again; if it happens again, tell an administrator.",
    who=Who.ADMIN,
    source="Linkdesk: its own cursor, which holds MoneyKit's and a number.",
)

LOCAL: tuple[ErrorRule, ...] = (WRONG_ADDRESS, CURSOR_UNUSABLE)
