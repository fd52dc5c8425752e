"""What an answer means for one particular call: the same code says something else there."""

from __future__ import annotations

from ...attention import Who
from ...errors import Becomes, ErrorRule

SESSION_UNKNOWN = ErrorRule(
    code="belvo.session_unknown",
    becomes=Becomes.REFUSED,
    sentence="Belvo does not know this login any more, so the code could not be used. Nothing was changed.",
    next_step="Begin again with the password; the institution will then ask for a new code.",
    who=Who.AGENT,
    source="Assumed: 404 not_found on PATCH /api/links/ means that the session is gone, not the link.",
)
WRONG_ADDRESS = ErrorRule(
    code="belvo.wrong_address",
    becomes=Becomes.DENIED,
    sentence="At the configured address there is nothing that answers like Belvo.",
    next_step="Tell an administrator to check the setting BELVO_URL.",
    who=Who.ADMIN,
    source="Belvo errors page: 404 not_found for a wrong URL; on a list it cannot mean one link.",
)
INSTITUTION_NOT_FOUND = ErrorRule(
    code="belvo.institution_not_found",
    becomes=Becomes.GONE,
    sentence="Belvo does not list this institution any more.",
    next_step="Use the fields shown; they are the usual ones. Ask Belvo's support what became of the institution.",
    who=Who.PROVIDER,
    source="OAS 1.223.0, GET /api/institutions/?name=: an empty page.",
)
NEXT_PAGE_UNUSABLE = ErrorRule(
    code="belvo.next_page_unusable",
    becomes=Becomes.UNAVAILABLE,
    sentence="Belvo's list pointed to another address for its next page. Linkdesk did not follow it.",
    next_step="Tell an administrator: the list is incomplete, and our keys were not sent there.",
    who=Who.ADMIN,
    source="Linkdesk: `next` is followed only to the configured scheme and host, because our keys go with it.",
)

LOCAL: tuple[ErrorRule, ...] = (SESSION_UNKNOWN, WRONG_ADDRESS, INSTITUTION_NOT_FOUND, NEXT_PAGE_UNUSABLE)
