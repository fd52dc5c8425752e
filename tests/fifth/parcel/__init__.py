"""Parcel: lockers of customers, at a courier that exists only here.

Data sheet
----------
Base URL        none of its own; the setting names it.
Keys            one API key, header `X-Key`; GET /ping checks it.
Rate            not documented. Assumed: 20 requests/s.
Time-outs       connect 5 s, everything else 10 s.
Lists           GET /lockers?page=N, twenty at a time; `next` is the number of the next page, or null.
State           open, jammed. Anything else is shown.
Errors          {code, message}: bad_key 401, no_locker 404, weak_pin and bad_name 422, jammed 409.
Documents       tests/fifth/parcel/sandbox.py.
"""

from .provider import Parcel as provider_class

__all__ = ["provider_class"]
