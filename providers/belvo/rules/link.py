"""The link itself is in the way: invalid, unfinished, expired, gone, refreshed a moment ago."""

from __future__ import annotations

from ...attention import Attention, Who
from ...errors import Becomes, ErrorRule

_PAGE = "Belvo errors page and OAS 1.223.0: "

INVALID_LINK = ErrorRule(
    code="belvo.invalid_link",
    becomes=Becomes.REFUSED,
    sentence="The link is invalid: the institution no longer accepts its password. Nothing was changed.",
    next_step="Update the credentials first.",
    who=Who.CUSTOMER,
    attention=Attention.NEEDS_PASSWORD,
    remote_codes=("invalid_link",),
    script="Your bank no longer accepts the password we have. Did you change it? We can put the new one in now.",
    source=_PAGE + "400 invalid_link.",
)
UNCONFIRMED_LINK = ErrorRule(
    code="belvo.unconfirmed_link",
    becomes=Becomes.REFUSED,
    sentence="The link was never finished: its first login did not come through. Nothing was changed.",
    next_step="Send the customer a repair link, or update the credentials and relay the code.",
    who=Who.CUSTOMER,
    attention=Attention.INCOMPLETE,
    remote_codes=("unconfirmed_link",),
    script="Connecting your bank was started but not finished. I send you a link to finish it; it takes a minute.",
    source=_PAGE + "400 unconfirmed_link.",
)
EXPIRED_CREDENTIALS = ErrorRule(
    code="belvo.expired_credentials",
    becomes=Becomes.REFUSED,
    sentence="Belvo has deleted the credentials of this link, as its storage setting says. Nothing was changed.",
    next_step="Ask the customer to connect again: send a repair link.",
    who=Who.CUSTOMER,
    attention=Attention.NEEDS_RECONNECT,
    remote_codes=("expired_credentials",),
    script="Your details were kept for a limited time only, and that time is over. Please connect your bank once more.",
    source="Belvo errors page: 404 expired_credentials.",
)
CONSENT_WITHOUT_ACCOUNTS = ErrorRule(
    code="belvo.consent_without_accounts",
    becomes=Becomes.REFUSED,
    sentence="No account is left under the customer's consent. Nothing was changed.",
    next_step="Ask the customer to give a new consent that includes an open account.",
    who=Who.CUSTOMER,
    attention=Attention.NEEDS_RECONNECT,
    remote_codes=("consent_without_accounts",),
    script="The permission you gave your bank covers no account any more. Please give a new one and choose your "
    "account.",
    source=_PAGE + "401 consent_without_accounts; not about our keys, although it is a 401.",
)
DUPLICATED = ErrorRule(
    code="belvo.duplicated",
    becomes=Becomes.REFUSED,
    sentence="This person is already linked at this institution. Nothing was changed.",
    next_step="Look for the customer's other link at the same institution and repair that one.",
    who=Who.AGENT,
    remote_codes=("duplicated",),
    source="Belvo errors page: 400 duplicated, with institution_user_id.",
)
LINK_REFRESHED = ErrorRule(
    code="belvo.link_refreshed",
    becomes=Becomes.REFUSED,
    sentence="This link was refreshed a moment ago; Belvo allows it once in 10 minutes. Nothing was changed.",
    next_step="Wait until the time shown, then refresh again.",
    who=Who.AGENT,
    remote_codes=("link_refreshed",),
    retry_after_s=600,
    source=_PAGE + "409 link_refreshed; the minutes left stand in the message only.",
)
NOT_FOUND = ErrorRule(
    code="belvo.not_found",
    becomes=Becomes.GONE,
    sentence="Belvo has no such link any more.",
    next_step="Look for another link of the customer, or ask them to connect again.",
    who=Who.AGENT,
    attention=Attention.ENDED,
    remote_codes=("not_found",),
    source=_PAGE + "404 not_found.",
)

LINK: tuple[ErrorRule, ...] = (
    INVALID_LINK,
    UNCONFIRMED_LINK,
    EXPIRED_CREDENTIALS,
    CONSENT_WITHOUT_ACCOUNTS,
    DUPLICATED,
    LINK_REFRESHED,
    NOT_FOUND,
)
