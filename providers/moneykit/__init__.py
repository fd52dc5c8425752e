"""MoneyKit: links to banks of the United States, the United Kingdom and Canada, through five aggregators behind it.

Data sheet
----------
Base URL        https://api.moneykit.com for sandbox and live: the key pair selects the environment.
Keys            client id and secret. Either a token (POST /auth/token, form-encoded, 201, an hour) as `Bearer`, or the
                pair itself as X-Client-Id and X-Client-Secret (setting AUTH). GET /auth/introspect checks them.
Token           one for all processes; renewed once, and the call repeated once, when MoneyKit says that it has expired:
                it has refused then before doing anything.
Version         header `MoneyKit-Version: 2023-02-18`.
Rate            refreshes: accounts and transactions once an hour for each link, account_numbers and identity once a
                day. For everything else 429 is documented without numbers, and no Retry-After. Assumed: 20 requests/s.
Time-outs       connect 5 s, everything else 30 s: nothing here signs in at a bank while we wait.
Lists           GET /links has ids only (500 to 5000 a page), so each link is one more call. A link never connected is
                not in it. There is no list of users; GET /users/{id}/links gives the links of one, by *our* id.
State           connecting, awaiting_token_exchange, connected, error (with error_code), deleted; others are shown.
Products        a session can add some to a link and take none away: settings of those that it has “will be silently
                ignored” (SDK 0.2.3, CreateLinkSessionRequest.existing_link_id), and PATCH knows webhook and tags only.
Gone            410, or 200 with the state `deleted`.
Errors          {error_code, error_message, documentation_url}; by code first: a 401 means three things, a 422 two.
Webhooks        signed: ES256 in a JWT, keys as JWKS, hash of the body, `iat`. A hint, never the truth.
Documents       the vendor's page “Update Link”, its Python and Ruby SDKs of 2024, its examples.

Not documented, and what we do: search this folder for *Assumed*.
"""

from .provider import MoneyKit as provider_class

__all__ = ["provider_class"]
