"""Linkar's error catalogue, one table.

The status says who speaks: 400 is the database, whatever the reason; 401, 403, 404 are Linkar's service about our key,
our rights and our apiresource. Codes and texts of the database are not published and can be translated, so no row
matches by them: what a 400 means for a write is found by reading the record again (`by_call` rows).
"""

from __future__ import annotations

from ..attention import Attention, Who
from ..errors import Becomes, ErrorRule

_STATUS = "LINKAR_WS manual, lk_http-status-code: "
_COMPARED = "LINKAR_WS contract: a 400 is understood by reading the record again and comparing it, never by its code."

KEY_REFUSED = ErrorRule(
    code="linkar.key_refused",
    becomes=Becomes.DENIED,
    sentence="Linkar does not accept our key: it is wrong, switched off or has expired. Nothing was changed.",
    next_step="Tell an administrator to look at the API key, its expiry and its allowed addresses.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    statuses=(401,),
    source="Assumed: 401, as usual for the platform; the body may be empty. CONF ApiKeys names expiry and addresses.",
)
CLIENT_REFUSED = ErrorRule(
    code="linkar.client_refused",
    becomes=Becomes.DENIED,
    sentence="Linkar gave us no access token: it does not accept our client id and secret. Nothing was changed.",
    next_step="Tell an administrator to look at CLIENT_ID, CLIENT_SECRET, SCOPE and TOKEN_URL.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    statuses=(401,),
    message="^token:",
    source="RFC 6749, section 5.2: invalid_client and its kin; sample oauth_token_bad_client.400.json.",
)
NO_SCOPE = ErrorRule(
    code="linkar.no_scope",
    becomes=Becomes.DENIED,
    sentence="Our key may not do this at Linkar, or not from our address. Nothing was changed.",
    next_step="Tell an administrator: the key needs the scopes crud.read, crud.select and crud.update.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    statuses=(403,),
    source="Assumed: 403, as usual for the platform; sample “key without the scope”.",
)
NO_APIRESOURCE = ErrorRule(
    code="linkar.no_apiresource",
    becomes=Becomes.DENIED,
    sentence="Linkar knows no apiresource of the name in our map, or the address is not Linkar's. Nothing was changed.",
    next_step="Tell an administrator to compare the apiresource in the map with Linkar's own.",
    who=Who.ADMIN,
    attention=Attention.OUR_KEYS,
    statuses=(404,),
    source="Assumed: 404, sample “unknown apiresource”. There is no 404 for a record.",
)
TOO_MANY = ErrorRule(
    code="linkar.too_many_requests",
    becomes=Becomes.RATE_LIMITED,
    sentence="Linkar, or the proxy before it, asks us to slow down. Nothing was changed.",
    next_step="Wait until the time shown, then try again.",
    who=Who.AGENT,
    statuses=(429,),
    message="^",
    retry_after_s=30,
    source="Assumed: no limit is documented; a proxy may have one.",
)
SERVICE_FAULT = ErrorRule(
    code="linkar.service_fault",
    becomes=Becomes.UNAVAILABLE,
    sentence="Linkar's service, or the proxy before it, is in trouble.",
    next_step="Try again in a minute. If it lasts, tell an administrator.",
    who=Who.PROVIDER,
    attention=Attention.PROVIDER_TROUBLE,
    statuses=(500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 521, 522, 523, 524, 525, 526, 530),
    message="^",
    source="Assumed: 5xx with or without HTML is a fault of the service or a proxy; sample “gateway fault”.",
)
DATABASE_REFUSED = ErrorRule(
    code="linkar.database_refused",
    becomes=Becomes.REFUSED,
    sentence="The database refused this, in the words below. Nothing was changed.",
    next_step="Read what the database says. If it is not clear, give its code and text to its administrator.",
    who=Who.ADMIN,
    statuses=(400,),
    message="^entry:",
    quotes=True,
    source=_STATUS + "400 when ERRORS has content, whatever the reason.",
)

# What no answer says by itself: it follows from our own reading, before or after.
CONFLICT = ErrorRule(
    code="linkar.conflict",
    becomes=Becomes.CONFLICT,
    sentence="Somebody else has changed this record since you opened it. Nothing of yours was written.",
    next_step="Look at both changes, decide, and save again on the record as it is now.",
    who=Who.AGENT,
    attention=Attention.CONFLICT,
    source=_COMPARED,
)
DELETED = ErrorRule(
    code="linkar.deleted",
    becomes=Becomes.GONE,
    sentence="The database has no record of this id any more.",
    next_step="Ask who deleted it. The history here stays.",
    who=Who.AGENT,
    source="LINKAR_WS contract, section 13: an error on read and not in a Select by id means removed.",
)
NOT_IN_MAP = ErrorRule(
    code="linkar.not_in_map",
    becomes=Becomes.GONE,
    sentence="This record is in a file that our map does not name.",
    next_step="If it should be there, tell an administrator to put its file into the map again.",
    who=Who.ADMIN,
    source="Linkdesk: the id names an apiresource or a file that is not in the map.",
)
INPUT_REFUSED = ErrorRule(
    code="linkar.input_refused",
    becomes=Becomes.FIELD_ERRORS,
    sentence="The database did not accept what was entered. Nothing was changed.",
    next_step="Correct the marked fields and try again.",
    who=Who.AGENT,
    source=_COMPARED + " The entry names an attribute of the form.",
)
DROPPED = ErrorRule(
    code="linkar.dropped",
    becomes=Becomes.REFUSED,
    sentence="Linkar answered that all went well, but the record is as it was: the update was dropped without a word.",
    next_step="Tell an administrator: the site's own routine SUB.LK.MAIN.CONTROL.CUSTOM can stop an update silently.",
    who=Who.ADMIN,
    source="kosday/Resources SUB.LK.MAIN.CONTROL.CUSTOM: STOPSWITCH=1 drops the operation without an error.",
)
UNDECIDED = ErrorRule(
    code="linkar.undecided",
    becomes=Becomes.UNAVAILABLE,
    sentence="The database answered with an error, and the record could not be read again to see what happened.",
    next_step="Wait for the check that is under way.",
    who=Who.PROVIDER,
    source=_COMPARED,
)
NO_ORIGINAL = ErrorRule(
    code="linkar.no_original",
    becomes=Becomes.REFUSED,
    sentence="Linkar gave no whole record (ORIGINAL_RECORD), so it cannot be changed safely. Nothing was sent.",
    next_step="Tell an administrator: without it there is no lock against two people who write at once.",
    who=Who.ADMIN,
    source="The owner's document: with optimistic_locking the tag must be included.",
)
NOT_EXACT = ErrorRule(
    code="linkar.not_exact",
    becomes=Becomes.REFUSED,
    sentence="This record holds characters that could not be sent back unchanged. Nothing was sent.",
    next_step="Ask the database's administrator to clean the record, or set FORMAT or UPDATE_WITH differently.",
    who=Who.ADMIN,
    source="LINKAR_WS contract, section 9: the lock compares byte for byte; XML has no control characters.",
)
MAP_DIFFERS = ErrorRule(
    code="linkar.map_differs",
    becomes=Becomes.REFUSED,
    sentence="Our map does not fit this file: an attribute stands in another place than it says. Nothing was sent.",
    next_step="Tell an administrator to compare the numbers in the map with the dictionary of the file.",
    who=Who.ADMIN,
    source="Linkdesk: the value under a name is not the one in the place that the map gives.",
)
NOT_ADDRESSABLE = ErrorRule(
    code="linkar.not_addressable",
    becomes=Becomes.REFUSED,
    sentence="The id of this record cannot be said in an address or a query. Nothing was sent.",
    next_step="Tell an administrator: the id holds both kinds of quotation marks, or control characters.",
    who=Who.ADMIN,
    source="Assumed: an id with a slash is not reachable by path, so it is selected by a quoted literal.",
)
NOT_UP = ErrorRule(
    code="linkar.not_up",
    becomes=Becomes.UNAVAILABLE,
    sentence="Something answers at this address, but it does not say that it is Linkar.",
    next_step="Tell an administrator to look at the address.",
    who=Who.ADMIN,
    source="OAS: GET /api/v1/health answers the literal UP.",
)

RULES: tuple[ErrorRule, ...] = (
    TOO_MANY,
    CLIENT_REFUSED,
    KEY_REFUSED,
    NO_SCOPE,
    NO_APIRESOURCE,
    DATABASE_REFUSED,
    SERVICE_FAULT,
)
BY_CALL: tuple[ErrorRule, ...] = (
    CONFLICT,
    DELETED,
    NOT_IN_MAP,
    INPUT_REFUSED,
    DROPPED,
    UNDECIDED,
    NO_ORIGINAL,
    NOT_EXACT,
    MAP_DIFFERS,
    NOT_ADDRESSABLE,
    NOT_UP,
)
