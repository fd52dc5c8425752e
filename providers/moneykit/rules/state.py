"""422: the link is in a state in which this cannot be done; one row for each `link_error_code`."""

from __future__ import annotations

from ...attention import Who
from ...errors import Becomes, ErrorRule
from ..codes import LINK_CODES, Meaning

BAD_STATE = "link_error.bad_state"


def _row(code: str, meaning: Meaning) -> ErrorRule:
    return ErrorRule(
        code=f"moneykit.bad_state.{code}",
        becomes=Becomes.REFUSED,
        sentence=f"MoneyKit does nothing with this link now: {_inside(meaning.headline)} Nothing was changed.",
        next_step=meaning.next_step,
        who=meaning.who,
        attention=meaning.attention,
        remote_codes=(f"{BAD_STATE}/{code}",),
        script=meaning.script,
        source="Owner's document and SDK: 422 link_error.bad_state. Assumed: link_error_code has the link's "
        "error codes.",
    )


def _inside(headline: str) -> str:
    text = headline.format(bank="the institution")
    return text[0].lower() + text[1:] if text.startswith(("The ", "Connecting ")) else text


OTHER = ErrorRule(
    code="moneykit.bad_state",
    becomes=Becomes.REFUSED,
    sentence="MoneyKit does nothing with this link in the state it is in. Nothing was changed.",
    next_step="Check the link now: its state says what is missing.",
    who=Who.AGENT,
    source="Owner's document and SDK: 422 link_error.bad_state, with a link_error_code that Linkdesk does not know.",
    remote_codes=(BAD_STATE,),
)

STATE: tuple[ErrorRule, ...] = (*(_row(code, meaning) for code, meaning in LINK_CODES.items()), OTHER)
