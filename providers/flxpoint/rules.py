"""Flxpoint's error catalogue, one table. No code and no schema is documented, so rows go by status, then by message."""

from __future__ import annotations

from ..attention import Attention, Who
from ..errors import Becomes, ErrorRule

_CHECK = "Correct the marked fields and send it again."
_REFERENCE = "Flxpoint API reference, connection pages: "

REQUIRED = ErrorRule(
    code="flxpoint.required",
    becomes=Becomes.FIELD_ERRORS,
    sentence="Flxpoint requires a value here.",
    next_step=_CHECK,
    who=Who.AGENT,
    statuses=(400, 422),
    message=r"\b(is required|required for|must not be (empty|blank|null)|missing)\b",
    source="Assumed: 400 {error}, as on the listing pages; sample error_400_error_string.",
)
UNKNOWN_CONFIG = ErrorRule(
    code="flxpoint.unknown_config",
    becomes=Becomes.FIELD_ERRORS,
    sentence="Flxpoint does not know one of these configs for this type of connection. Nothing was changed.",
    next_step="Check the connection now: its type has got other configs since it was last read. Then begin again.",
    who=Who.AGENT,
    statuses=(400, 422),
    message=r"\bunknown\b.{0,40}\b(config|handle)",
    source="Assumed: 400 {success: false, error}, as in the listing builder; sample error_400_success_false.",
)
REJECTED = ErrorRule(
    code="flxpoint.rejected",
    becomes=Becomes.FIELD_ERRORS,
    sentence="Flxpoint does not accept what was sent. Nothing was changed.",
    next_step=_CHECK,
    who=Who.AGENT,
    statuses=(400, 422),
    source="Assumed: no 400 is documented for connections; 422 means the same as 400.",
)
UNAUTHORISED = ErrorRule(
    code="flxpoint.unauthorised",
    becomes=Becomes.DENIED,
    sentence="Flxpoint refuses our API token: it is wrong, was revoked, or is no Account token. Nothing was changed.",
    next_step="Tell an administrator to make a new Account token and to put it into the settings.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    statuses=(401,),
    source=_REFERENCE + "401. The vendor calls the wrong kind of token the biggest source of them.",
)
WRONG_KIND = ErrorRule(
    code="flxpoint.wrong_kind_of_token",
    becomes=Becomes.DENIED,
    sentence="Our API token is of the wrong kind: connections need an Account token. Nothing was changed.",
    next_step="Tell an administrator: a Source or Channel token is set where an Account token belongs.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    statuses=(403,),
    source="DOC getting-started/authentication, in words: 403 for Source and Channel tokens.",
)
NOT_FOUND = ErrorRule(
    code="flxpoint.not_found",
    becomes=Becomes.GONE,
    sentence="Flxpoint has no such connection: it was removed, or belongs to another account.",
    next_step="Ask the customer whether they removed it; a new connection gets a new id.",
    who=Who.AGENT,
    statuses=(404, 410),
    source=_REFERENCE + "404 “Connection Not Found”; Assumed: 410 would mean the same.",
)
TOO_MANY_REQUESTS = ErrorRule(
    code="flxpoint.too_many_requests",
    becomes=Becomes.RATE_LIMITED,
    sentence="Flxpoint asks us to slow down: our token has asked too often. It did not take this request.",
    next_step="Wait until the time shown, then try again: a connection is read and compared before it is changed.",
    who=Who.AGENT,
    statuses=(429,),
    retry_after_s=2,
    source="Public clients handle a 429; it is on no page. Assumed: what it refuses was not processed.",
)
METHOD_NOT_ALLOWED = ErrorRule(
    code="flxpoint.method_not_allowed",
    becomes=Becomes.REFUSED,
    sentence="Flxpoint does not offer this call any more. Nothing was changed.",
    next_step="Give the time and the operation's id to an administrator: Linkdesk has to follow Flxpoint's change.",
    who=Who.ADMIN,
    statuses=(405, 415),
    source="Assumed: not documented; HTTP's own meaning.",
)
TOO_LARGE = ErrorRule(
    code="flxpoint.too_large",
    becomes=Becomes.REFUSED,
    sentence="What was sent is larger than Flxpoint takes. Nothing was changed.",
    next_step="Shorten the longest value, then send it again.",
    who=Who.AGENT,
    statuses=(413,),
    source="Assumed: not documented; HTTP's own meaning.",
)
SERVER_FAULT = ErrorRule(
    code="flxpoint.server_fault",
    becomes=Becomes.UNAVAILABLE,
    sentence="Flxpoint broke while it was working on this.",
    next_step="Wait a minute, then check the connection. If it lasts, ask Flxpoint's support.",
    who=Who.PROVIDER,
    attention=Attention.PROVIDER_TROUBLE,
    statuses=(500,),
    source="Assumed: not documented; sample error_500 has the shape of Spring Boot, the vendor's stack.",
)
GATEWAY = ErrorRule(
    code="flxpoint.gateway",
    becomes=Becomes.UNAVAILABLE,
    sentence="Flxpoint is overloaded or being worked on.",
    next_step="Wait some minutes, then check the connection.",
    who=Who.PROVIDER,
    attention=Attention.PROVIDER_TROUBLE,
    statuses=(502, 503, 504),
    source="Assumed: not documented; HTTP's own meaning.",
)

RULES: tuple[ErrorRule, ...] = (
    REQUIRED,
    UNKNOWN_CONFIG,
    REJECTED,
    UNAUTHORISED,
    WRONG_KIND,
    NOT_FOUND,
    TOO_MANY_REQUESTS,
    METHOD_NOT_ALLOWED,
    TOO_LARGE,
    SERVER_FAULT,
    GATEWAY,
)

# Rows that no answer matches by itself: what it means for one call of ours, or what reading showed.
NOT_THE_API = ErrorRule(
    code="flxpoint.not_the_api",
    becomes=Becomes.DENIED,
    sentence="Instead of data a web page came back: our token has ended, or the address is not Flxpoint's API.",
    next_step="Tell an administrator to check the token and the address.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    source="A public client saw a sign-in page with status 200 for an expired token.",
)
WRONG_ADDRESS = ErrorRule(
    code="flxpoint.wrong_address",
    becomes=Becomes.DENIED,
    sentence="At the configured address there is nothing that answers like Flxpoint.",
    next_step="Tell an administrator to check the address in the settings.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    source="Assumed: 404 where no single connection was asked for.",
)
TYPE_UNKNOWN = ErrorRule(
    code="flxpoint.type_unknown",
    becomes=Becomes.GONE,
    sentence="Flxpoint describes no configs for this type of connection.",
    next_step="Use the configs that the connection has. For a new connection, go to Flxpoint's own pages.",
    who=Who.PROVIDER,
    source="Assumed: an unknown handle at available-configs answers [], 400 or 404.",
)
CHANGED_MEANWHILE = ErrorRule(
    code="flxpoint.changed_meanwhile",
    becomes=Becomes.CONFLICT,
    sentence="Someone else changed this connection since it was last read. Nothing was sent.",
    next_step="Look at what it holds now, then make your change on top of that.",
    who=Who.AGENT,
    attention=Attention.CONFLICT,
    source="Linkdesk: PUT replaces everything, so the connection is read again and compared before it is sent.",
)
ALREADY_THERE = ErrorRule(
    code="flxpoint.already_there",
    becomes=Becomes.REFUSED,
    sentence="There is a connection of this type and name already. Nothing was sent.",
    next_step="Look at that connection first. For a second one, choose another name.",
    who=Who.AGENT,
    source="Linkdesk: POST is not idempotent, and only type and name can tell afterwards whether it went through.",
)
MOVED_OTHERS = ErrorRule(
    code="flxpoint.moved_others",
    becomes=Becomes.CONFLICT,
    sentence="With the last update Flxpoint also changed configs that were not to be changed.",
    next_step="Compare the configs with what they should be, and set those that were cleared again.",
    who=Who.AGENT,
    attention=Attention.CONFLICT,
    source="Linkdesk: read back after a PUT. Not documented: whether PUT clears the configs that are left out.",
)

LOCAL: tuple[ErrorRule, ...] = (
    NOT_THE_API,
    WRONG_ADDRESS,
    TYPE_UNKNOWN,
    CHANGED_MEANWHILE,
    ALREADY_THERE,
    MOVED_OTHERS,
)
