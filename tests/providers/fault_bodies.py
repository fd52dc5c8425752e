"""Faults of bodies: their length, their chunks, their encoding."""

from __future__ import annotations

import gzip
import json
import zlib
from functools import cache

from .fault_visits import CHUNKED, DRIP_S, GOOD, HTML, UNTIL_CLOSED, Visit, after_request, fault, head

MANY_CHUNKS = 20_000


# -- bodies


@after_request
def drip_body(visit: Visit) -> None:
    visit.send(head(b"a" * 10_000))
    visit.drip(b"a" * 10_000)


@after_request
def drip_chunks(visit: Visit) -> None:
    visit.send(CHUNKED)
    while True:
        visit.send(b"1\r\na\r\n")
        visit.pause(DRIP_S)


@after_request
def stall_in_body(visit: Visit) -> None:
    visit.send(head(b"a" * 10_000) + b"a" * 100)
    visit.pause(60)


@after_request
def short_content_length(visit: Visit) -> None:
    """Announce less than is sent: what was announced even looks like JSON."""
    visit.send(head(b'{"a": 1}') + b'{"a": 1}, "b": 2}')
    visit.pause(0.3)


@fault
def two_answers(visit: Visit) -> None:
    """Send a second whole answer behind the first: it must not become the answer to the next request."""
    while visit.request():
        visit.send((head(b'{"a": 1}') + b'{"a": 1}') * 2)


@after_request
def long_content_length(visit: Visit) -> None:
    visit.send(head(b'{"a": 1}' + b" " * 50) + b'{"a": 1}')


@after_request
def cut_in_chunk(visit: Visit) -> None:
    visit.send(CHUNKED + b'8\r\n{"a": 1}\r\n20\r\nabc')


@after_request
def cut_between_chunks(visit: Visit) -> None:
    visit.send(CHUNKED + b'8\r\n{"a": 1}\r\n')


@after_request
def cut_after_last_chunk(visit: Visit) -> None:
    visit.send(CHUNKED + b'8\r\n{"a": 1}\r\n0\r\n')


@after_request
def bad_chunk_size(visit: Visit) -> None:
    visit.send(CHUNKED + b'zz\r\n{"a": 1}\r\n0\r\n\r\n')


@after_request
def negative_chunk_size(visit: Visit) -> None:
    visit.send(CHUNKED + b'-8\r\n{"a": 1}\r\n0\r\n\r\n')


@after_request
def endless_chunk_size(visit: Visit) -> None:
    visit.send(CHUNKED)
    while True:
        visit.send(b"0" * 65_536)


@fault
def html_200(visit: Visit) -> None:
    while visit.request():
        visit.answer(HTML, content_type="text/html; charset=utf-8")


@fault
def html_called_json(visit: Visit) -> None:
    while visit.request():
        visit.answer(HTML)


@fault
def truncated_json(visit: Visit) -> None:
    while visit.request():
        visit.answer(b'{"results": [{"id": "a-1", "status": "val')


@fault
def empty_200(visit: Visit) -> None:
    while visit.request():
        visit.answer(b"")


@fault
def no_content(visit: Visit) -> None:
    while visit.request():
        visit.send(b"HTTP/1.1 204 No Content\r\n\r\n")


@after_request
def gzip_bomb(visit: Visit) -> None:
    visit.answer(bomb(), Content_Encoding="gzip")


@cache
def bomb() -> bytes:
    """Return 300 kB that become 300 MB."""
    deflate = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    block = b"\0" * 1_000_000
    return b"".join(deflate.compress(block) for _ in range(300)) + deflate.flush()


@fault
def gzip_good(visit: Visit) -> None:
    while visit.request():
        visit.answer(gzip.compress(json.dumps(GOOD).encode()), Content_Encoding="gzip")


@fault
def gzip_cut(visit: Visit) -> None:
    while visit.request():
        visit.answer(gzip.compress(json.dumps(GOOD).encode())[:-10], Content_Encoding="gzip")


@fault
def gzip_lie(visit: Visit) -> None:
    while visit.request():
        visit.answer(json.dumps(GOOD).encode(), Content_Encoding="gzip")


@fault
def brotli(visit: Visit) -> None:
    while visit.request():
        visit.answer(b"\x0b\x02\x80{}\x03", Content_Encoding="br")


@after_request
def body_of_50_mb(visit: Visit) -> None:
    """50 MB with an honest length."""
    visit.send(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {50_000_000}\r\n\r\n".encode())
    _send_50_mb(visit)


@after_request
def unannounced_50_mb(visit: Visit) -> None:
    visit.send(UNTIL_CLOSED)
    _send_50_mb(visit)


@after_request
def chunked_50_mb(visit: Visit) -> None:
    visit.send(CHUNKED)
    block = b"a" * 100_000
    for _ in range(500):
        visit.send(b"%x\r\n%b\r\n" % (len(block), block))
    visit.send(b"0\r\n\r\n")


@after_request
def crumbs(visit: Visit) -> None:
    """A small body in chunks of one byte: six times its size on the wire."""
    visit.send(CHUNKED)
    for _ in range(50):
        visit.send(b"1\r\na\r\n" * MANY_CHUNKS)


def _send_50_mb(visit: Visit) -> None:
    block = b"a" * 1_000_000
    for _ in range(50):
        visit.send(block)
