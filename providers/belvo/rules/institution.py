"""The institution or Belvo cannot do it now: down, switched off, out of quota, over time."""

from __future__ import annotations

from dataclasses import replace

from ...attention import Attention, Who
from ...errors import Becomes, ErrorRule

_PAGE = "Belvo errors page and OAS 1.223.0: "

INSTITUTION_DOWN = ErrorRule(
    code="belvo.institution_down",
    becomes=Becomes.REFUSED,
    sentence="The institution's site is down. Nothing was changed.",
    next_step="Try again later; institutions.belvo.com shows when it is back.",
    who=Who.INSTITUTION,
    attention=Attention.INSTITUTION_DOWN,
    remote_codes=("institution_down",),
    script="Your bank's site is down at the moment. It is nothing on your side, and we try again when it is back.",
    source=_PAGE + "400 institution_down.",
)
INSTITUTION_UNAVAILABLE = ErrorRule(
    code="belvo.institution_unavailable",
    becomes=Becomes.REFUSED,
    sentence="The institution cannot be reached at the moment. Nothing was changed.",
    next_step="Try again later; institutions.belvo.com shows when it is back.",
    who=Who.INSTITUTION,
    attention=Attention.INSTITUTION_DOWN,
    remote_codes=("institution_unavailable",),
    script="Your bank cannot be reached at the moment. It is nothing on your side, and we try again when it is back.",
    source=_PAGE + "400 institution_unavailable.",
)
INSTITUTION_INACTIVE = ErrorRule(
    code="belvo.institution_inactive",
    becomes=Becomes.REFUSED,
    sentence="Belvo has switched this institution off for now. Nothing was changed.",
    next_step="Try again later; ask Belvo's support when it comes back if it lasts.",
    who=Who.PROVIDER,
    attention=Attention.INSTITUTION_DOWN,
    remote_codes=("institution_inactive",),
    script="The connection to your bank is switched off for maintenance. It is nothing on your side; we try "
    "again later.",
    source=_PAGE + "400 institution_inactive.",
)
UNSUPPORTED_OPERATION = ErrorRule(
    code="belvo.unsupported_operation",
    becomes=Becomes.REFUSED,
    sentence="This institution does not offer that through Belvo. Nothing was changed.",
    next_step="Choose another action; trying again will not help.",
    who=Who.AGENT,
    remote_codes=("unsupported_operation",),
    source=_PAGE + "400 unsupported_operation.",
)
UNAVAILABLE_DATA = ErrorRule(
    code="belvo.unavailable_data",
    becomes=Becomes.REFUSED,
    sentence="The institution returned nothing for this link. Nothing was changed.",
    next_step="Try again once later. If it stays so, give the request id to Belvo's support.",
    who=Who.INSTITUTION,
    remote_codes=("unavailable_data",),
    source="Belvo errors page: 400 unavailable_data.",
)
OPERATIONAL_LIMITS = ErrorRule(
    code="belvo.operational_limits_reached",
    becomes=Becomes.REFUSED,
    sentence="The monthly number of requests that open finance allows for this person is used up. Nothing was changed.",
    next_step="Try again in the next calendar month.",
    who=Who.INSTITUTION,
    attention=Attention.PROVIDER_TROUBLE,
    remote_codes=("operational_limits_reached",),
    script="For this month your bank gives no more updates to us. The next ones come at the start of next month.",
    source="Belvo “OFDA Brazil Data Retrieval Limits”: 400, per CPF or CNPJ and calendar month.",
)
REQUEST_TIMEOUT = ErrorRule(
    code="belvo.request_timeout",
    becomes=Becomes.UNAVAILABLE,
    sentence="The institution took longer than the 5 minutes that Belvo waits.",
    next_step="Check the link now, then try once more. After three such failures tell Belvo's support.",
    who=Who.INSTITUTION,
    remote_codes=("request_timeout",),
    source=_PAGE + "408 request_timeout; what was read is kept.",
)
REQUEST_TIMEOUT_BY_STATUS = replace(REQUEST_TIMEOUT, remote_codes=(), statuses=(408,), message="^")
UNEXPECTED_ERROR = ErrorRule(
    code="belvo.unexpected_error",
    becomes=Becomes.UNAVAILABLE,
    sentence="Something broke at Belvo, or the institution answered in a way that Belvo does not know.",
    next_step="Check the link now. If it happens three times, give the request id to Belvo's support.",
    who=Who.PROVIDER,
    attention=Attention.PROVIDER_TROUBLE,
    remote_codes=("unexpected_error",),
    source=_PAGE + "500 unexpected_error.",
)
SERVICE_UNAVAILABLE = ErrorRule(
    code="belvo.service_unavailable",
    becomes=Becomes.UNAVAILABLE,
    sentence="Belvo has an internal problem.",
    next_step="Try again in some minutes; Belvo's status page says whether it is known.",
    who=Who.PROVIDER,
    attention=Attention.PROVIDER_TROUBLE,
    remote_codes=("service_unavailable",),
    source="Belvo errors page: 500 service_unavailable.",
)
GATEWAY = ErrorRule(
    code="belvo.gateway",
    becomes=Becomes.UNAVAILABLE,
    sentence="A server in front of Belvo answered instead of Belvo.",
    next_step="Check the link now, then try again in some minutes.",
    who=Who.PROVIDER,
    attention=Attention.PROVIDER_TROUBLE,
    statuses=(500, 502, 503, 504),
    source="Assumed: a 5xx without a code, often HTML, is from a proxy and not from Belvo's application.",
)

INSTITUTION: tuple[ErrorRule, ...] = (
    INSTITUTION_DOWN,
    INSTITUTION_UNAVAILABLE,
    INSTITUTION_INACTIVE,
    UNSUPPORTED_OPERATION,
    UNAVAILABLE_DATA,
    OPERATIONAL_LIMITS,
    REQUEST_TIMEOUT,
    REQUEST_TIMEOUT_BY_STATUS,
    UNEXPECTED_ERROR,
    SERVICE_UNAVAILABLE,
    GATEWAY,
)
