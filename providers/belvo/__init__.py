"""Belvo: links to banks, tax offices and employment registers in Mexico, Brazil and Colombia.

Data sheet
----------
Base URL        https://sandbox.belvo.com or https://api.belvo.com; no version in the path; every path ends in a slash.
Keys            HTTP Basic, secret id and secret password, one pair per environment. GET /api/ checks them.
Rate            more than 80 requests in 30 s from one address: 403 with HTML, sometimes 429. We stay at 75. DELETE
                without the async header: 5 a minute, so we always send `X-Belvo-Request-Mode: async`.
Time-outs       connect 5 s, reads 30 s, writes 310 s: Belvo signs in at the institution while we wait, for up to 5
                minutes.
Paging          count, next, previous, results; page_size up to 1000. `next` is followed by its page number only.
Status          valid, invalid, token_required, unconfirmed; anything else is shown as it is.
Codes           428 with a session: an array of one object (OAS) or a bare object (owner's documents). PATCH
                /api/links/ resumes.
Errors          an array of {code, message, request_id, field}; classified by code first. The table is in `rules/`.
Request id      in the bodies of errors and of 202 answers; never in a header.
Webhooks        a static Authorization header, no signature. Not promised: order, once only. A hint, never the truth.
Documents       OAS 1.223.0, “API and Widget Errors”, the MFA page, “Hosted Widget Update Mode”, the Integration
                Checklist.

Not documented, and what we do: search this folder for *Assumed*.
"""

from .provider import Belvo as provider_class

__all__ = ["provider_class"]
