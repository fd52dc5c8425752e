"""Flxpoint: connections to shops, marketplaces and suppliers' files, each a flat set of configs.

Data sheet
----------
Base URL        https://api.flxpoint.com; no version in the path.
Keys            `X-API-TOKEN`, an Account token. Source and Channel tokens are refused with 403. GET /account checks it.
Rate            2 requests a second for each token, shared by all processes; `X-Auth-Pool-*` headers slow us down
                earlier; 429 with or without `Retry-After`, waited out by reads only.
Time-outs       connect 5 s, reads 30 s, writes 60 s. Assumed: nothing is documented.
Paging          none: GET /connections answers everything at once, secrets included.
Status          none. `complete`, `incomplete` and `unknown` are worked out from the configs, and said to be.
Reads           /connections, /connections/{id}, /connections/available-configs?handle=, /sources, /channel/
Writes          POST /connections, PUT /connections/{id}. PUT replaces: it is compared before and read back after.
Not offered     deleting, disabling or testing a connection, and authorising one by OAuth.
Errors          no schema is documented: {error}, {message}, {errors}, {success}, plain text, HTML or nothing.
Request id      none.
Webhooks        about orders only; nothing tells that a connection broke or changed.
Documents       the owner's page “Update Connection”; apihelpcenter.flxpoint.com (Beta).

Not documented, and what we do: search this folder for *Assumed*.
"""

from .provider import Flxpoint as provider_class

__all__ = ["provider_class"]
