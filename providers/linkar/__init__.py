"""Linkar: records in files of MultiValue databases, through Linkar Web Services (LinkarWS).

Data sheet
----------
Base URL        the customer's own, http://host:12000 by default; every path begins with /api/v1/<apiresource>.
Keys            none, an API key in `x-api-key`, or an OAuth 2 access token by client credentials: AUTH. One key for an
                apiresource; it may have an expiry, allowed addresses and scopes.
Rate            none documented; a licence may limit sessions, so we make one call at a time.
Time-outs       `svr_timeout` is how long Linkar waits for its database: 1 to 60 s, never 0 (for ever); ours is 10 s
                more.
Formats         JSON, XML or LkString: FORMAT. The answer follows the body's type; calls without a body follow `Accept`.
Modes           crud, crud/dict, crud/sch: MODE. The same bodies; answers differ for multivalues. A record that will be
                changed is always read in normal mode.
Paging          `reg_page` records a page, `num_page` from 1, until num_page * reg_page reaches TOTAL_RECORDS.
Lock            `optimistic_locking=true` with ORIGINAL_RECORD, the whole record byte for byte, read afresh when an
                update is sent. It never reaches the browser, the audit text or a call log.
Errors          400 for everything, with ERRORS; codes and texts are unpublished and translatable. What happened is
                found by reading the record again and comparing. 200 may also mean: dropped without a word.
Request id      none.
Webhooks        none.
Map             MAP names a TOML file: which files, what their attributes and error codes mean (`file_map.py`).
Documents       the owner's page on updating records (PUT crud), the manual “LINKAR_WS” (kosday.com), the vendor's
                OpenAPI sample and configuration sample (kosday/Resources).

Not documented, and what we do: search this folder for *Assumed*.
"""

from .provider import Linkar as provider_class

__all__ = ["provider_class"]
