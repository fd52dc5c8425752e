"""Answers that are whole on the wire, and still must not be believed: odd JSON, odd statuses."""

from __future__ import annotations

from .fault_connections import good
from .fault_visits import Visit, fault

# -- JSON


@fault
def nested_arrays(visit: Visit) -> None:
    while visit.request():
        visit.answer(b"[" * 100_000 + b"]" * 100_000)


@fault
def long_integer(visit: Visit) -> None:
    while visit.request():
        visit.answer(b'{"id": ' + b"9" * 5_000 + b"}")


@fault
def lone_surrogates(visit: Visit) -> None:
    while visit.request():
        visit.answer(rb'{"name": "Ana \ud83d", "\udc00key": ["\ud800", "\ud83d\ude00"]}')


@fault
def duplicate_keys(visit: Visit) -> None:
    while visit.request():
        visit.answer(b'{"status": "valid", "status": "invalid"}')


@fault
def bad_utf8(visit: Visit) -> None:
    while visit.request():
        visit.answer(b'{"name": "Jos\xe9"}')


# -- statuses


@fault
def redirect(visit: Visit) -> None:
    """Send the client to another host; what arrives there is recorded as `elsewhere`."""
    while visit.request():
        visit.answer(
            b"", status=f"{visit.argument or '302'} Found", Location=visit.server.url("elsewhere") + "/landing"
        )


@fault
def elsewhere(visit: Visit) -> None:
    good(visit)


@fault
def retry_after(visit: Visit) -> None:
    """Answer 429 with the argument as `Retry-After`."""
    while visit.request():
        visit.answer(b"{}", status="429 Too Many Requests", Retry_After=visit.argument)


@fault
def status(visit: Visit) -> None:
    """Answer with the argument as status, as in `status=503`."""
    while visit.request():
        visit.answer(b"{}", status=f"{visit.argument} Status")


@fault
def unavailable_until(visit: Visit) -> None:
    """Answer 503 with the argument as `Retry-After`."""
    while visit.request():
        visit.answer(b"{}", status="503 Service Unavailable", Retry_After=visit.argument)
