"""MoneyKit refuses us, not the customer: keys, token, rate; or it is out of order."""

from __future__ import annotations

from ...attention import Attention, Who
from ...errors import Becomes, ErrorRule

UNAUTHORIZED = ErrorRule(
    code="moneykit.unauthorized",
    becomes=Becomes.DENIED,
    sentence="MoneyKit refuses our own keys. Nothing was changed.",
    next_step="Tell an administrator: the client id or secret is wrong, was rotated, or was switched off.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    remote_codes=("api_error.auth.unauthorized",),
    source="SDK: 401 api_error.auth.unauthorized, and 400 for a bad grant type.",
)
TOKEN_EXPIRED = ErrorRule(
    code="moneykit.token_expired",
    becomes=Becomes.DENIED,
    sentence="MoneyKit calls our access token expired, also the one that it had just given us. Nothing was changed.",
    next_step="Try again in a minute. If it lasts, tell an administrator.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    remote_codes=("api_error.auth.expired_access_token",),
    source="Owner's document: 401 api_error.auth.expired_access_token; Linkdesk has renewed the token once "
    "before this.",
)
RATE_LIMIT = ErrorRule(
    code="moneykit.rate_limited",
    becomes=Becomes.RATE_LIMITED,
    sentence="MoneyKit asks us to slow down, or this was refreshed too short a time ago. Nothing was changed.",
    next_step="Try again later: accounts and transactions once an hour, account numbers and identity once a day.",
    who=Who.AGENT,
    remote_codes=("api_error.rate_limit_exceeded",),
    source="Owner's document: 429 api_error.rate_limit_exceeded; no Retry-After is documented.",
)
RATE_LIMIT_BARE = ErrorRule(
    code="moneykit.too_many_requests",
    becomes=Becomes.RATE_LIMITED,
    sentence="Something in front of MoneyKit asks us to slow down. Nothing was changed.",
    next_step="Try again in a minute.",
    who=Who.AGENT,
    statuses=(429,),
    source="Assumed: a 429 without MoneyKit's code is a limit all the same.",
)
OUT_OF_ORDER = ErrorRule(
    code="moneykit.out_of_order",
    becomes=Becomes.UNAVAILABLE,
    sentence="MoneyKit is out of order.",
    next_step="Wait a minute, then check the link.",
    who=Who.PROVIDER,
    attention=Attention.PROVIDER_TROUBLE,
    statuses=(500, 502, 503, 504),
    source="Assumed: no 5xx is documented; its body may be anything.",
)

ACCESS: tuple[ErrorRule, ...] = (UNAUTHORIZED, TOKEN_EXPIRED, RATE_LIMIT, RATE_LIMIT_BARE, OUT_OF_ORDER)
