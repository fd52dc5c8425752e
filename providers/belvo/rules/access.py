"""Belvo refuses us, not the customer: keys, permissions, quotas, rate limits."""

from __future__ import annotations

from ...attention import Attention, Who
from ...errors import Becomes, ErrorRule

_PAGE = "Belvo errors page and OAS 1.223.0: "

# Assumed: how long the edge keeps an address out is not documented; twice its window of 30 s.
EDGE_PAUSE_S = 60

AUTHENTICATION_FAILED = ErrorRule(
    code="belvo.authentication_failed",
    becomes=Becomes.DENIED,
    sentence="Belvo refuses our own API keys. Nothing was changed, and the customer's password was not tried.",
    next_step="Tell an administrator: the keys are wrong, were rotated, or belong to the other environment.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    remote_codes=("authentication_failed",),
    source=_PAGE + "401 authentication_failed.",
)
UNAUTHORISED = ErrorRule(
    code="belvo.unauthorised",
    becomes=Becomes.DENIED,
    sentence="Belvo refuses our request without naming a reason; most likely our API keys. Nothing was changed.",
    next_step="Tell an administrator to check the keys and the address of Belvo.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    statuses=(401,),
    source="Assumed: a 401 without a code is about our keys, as HTTP says.",
)
RESOURCE_DENIED = ErrorRule(
    code="belvo.access_to_resource_denied",
    becomes=Becomes.DENIED,
    sentence="Our account at Belvo may not use this. Nothing was changed.",
    next_step="Tell an administrator: Belvo's sales or support can enable it.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    remote_codes=("access_to_resource_denied",),
    source=_PAGE + "403 access_to_resource_denied.",
)
PRODUCTION_DENIED = ErrorRule(
    code="belvo.access_to_production_denied",
    becomes=Becomes.DENIED,
    sentence="Our keys are not enabled for Belvo's production environment. Nothing was changed.",
    next_step="Tell an administrator: Belvo's sales can enable it, or the address must be the sandbox.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    remote_codes=("access_to_production_denied",),
    source="Belvo errors page: 403 access_to_production_denied.",
)
QUOTA_REACHED = ErrorRule(
    code="belvo.quota_limit_reached",
    becomes=Becomes.DENIED,
    sentence="Our account at Belvo has used up its quota. Nothing was changed.",
    next_step="Tell an administrator to ask Belvo for a larger quota.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    remote_codes=("quota_limit_reached",),
    source="Belvo errors page: 403 quota_limit_reached, in the old development environment only.",
)
PERMISSION_DENIED = ErrorRule(
    code="belvo.permission_denied",
    becomes=Becomes.REFUSED,
    sentence="The institution turned Belvo away, or Belvo has asked it too often. Nothing was changed.",
    next_step="Try again later. If it lasts, give the request id to Belvo's support.",
    who=Who.PROVIDER,
    attention=Attention.PROVIDER_TROUBLE,
    remote_codes=("permission_denied",),
    source="Belvo errors page: 403 permission_denied; its body is not documented.",
)
EDGE_BLOCK = ErrorRule(
    code="belvo.edge_block",
    becomes=Becomes.RATE_LIMITED,
    sentence="Belvo's edge turned the request away, as it does after 80 requests in 30 seconds. Nothing was changed.",
    next_step="Wait until the time shown. Linkdesk sends nothing to Belvo until then.",
    who=Who.AGENT,
    statuses=(403,),
    retry_after_s=EDGE_PAUSE_S,
    source="Belvo errors page: 403 with an HTML body and no code, for the address of the server.",
)
TOO_MANY_REQUESTS = ErrorRule(
    code="belvo.too_many_requests",
    becomes=Becomes.RATE_LIMITED,
    sentence="Belvo asks us to slow down. Nothing was changed.",
    next_step="Wait until the time shown, then try again.",
    who=Who.AGENT,
    statuses=(429,),
    message="^",  # whatever its code: the body of a 429 is not documented
    retry_after_s=EDGE_PAUSE_S,
    source="Belvo security overview and OAS 1.223.0 (DELETE, 5 per minute): 429.",
)

ACCESS: tuple[ErrorRule, ...] = (
    TOO_MANY_REQUESTS,
    AUTHENTICATION_FAILED,
    UNAUTHORISED,
    RESOURCE_DENIED,
    PRODUCTION_DENIED,
    QUOTA_REACHED,
    PERMISSION_DENIED,
    EDGE_BLOCK,
)
