"""Bodies as bytes and text: decoded under a cap, so that a small answer cannot grow into a large memory."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterable
from email.message import Message

ACCEPT_ENCODING = "gzip"
MAX_TEXT_BYTES = 65_536
_STEP_BYTES = 65_536


class BodyTooLarge(Exception):
    """The decoded body is larger than the cap."""


class BadEncoding(Exception):
    """The body is not what its Content-Encoding says, or in one that we did not ask for."""


class CutEncoding(Exception):
    """The compressed body ends before its end mark."""


def read_body(chunks: Iterable[bytes], *, encoding: str, max_bytes: int) -> bytes:
    """Join and decode a body; stops as soon as it is known to be too large."""
    body = bytearray()
    for piece in _decoded(chunks, encoding.strip().lower()):
        body += piece
        if len(body) > max_bytes:
            raise BodyTooLarge
    return bytes(body)


def _decoded(chunks: Iterable[bytes], encoding: str) -> Iterable[bytes]:
    match encoding:
        case "" | "identity":
            return chunks
        case "gzip" | "x-gzip":
            return _inflated(chunks)
        case _:
            raise BadEncoding(encoding[:40])


def _inflated(chunks: Iterable[bytes]) -> Iterable[bytes]:
    """Yield the decompressed body in steps of bounded size, whatever the ratio."""
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
    is_empty = True
    for chunk in chunks:
        is_empty = False
        rest = chunk
        while rest and not inflate.eof:
            try:
                yield inflate.decompress(rest, _STEP_BYTES)
            except zlib.error as error:
                raise BadEncoding(str(error)) from None
            rest = inflate.unconsumed_tail
        if inflate.unused_data or (inflate.eof and rest):
            raise BadEncoding("bytes follow the end of the compressed body")
    if not is_empty and not inflate.eof:
        raise CutEncoding


def text_of(body: bytes, content_type: str) -> str:
    """Return the body as text that any database can store: what cannot be decoded, and NUL, become U+FFFD."""
    charset = parse_content_type(content_type)[1]
    try:
        codecs.lookup(charset)
        text = body.decode(charset, "replace")
    except (LookupError, ValueError):
        text = body.decode("utf-8", "replace")
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def parse_content_type(content_type: str) -> tuple[str, str]:
    """Return the media type in lower case and the charset ("utf-8" if none is named)."""
    message = Message()
    message["content-type"] = content_type.replace("\r", " ").replace("\n", " ")
    if not content_type.strip():
        return "", "utf-8"
    return message.get_content_type(), (message.get_content_charset() or "utf-8")


def says_json(content_type: str) -> bool:
    """Say whether the media type is `application/json` or `application/<something>+json`."""
    media_type = content_type.split(";", maxsplit=1)[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def capped(text: str) -> str:
    """Return at most `MAX_TEXT_BYTES` of the text, whole characters."""
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= MAX_TEXT_BYTES else raw[:MAX_TEXT_BYTES].decode("utf-8", "ignore")
