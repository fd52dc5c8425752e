"""Take secrets out of whatever comes back or is kept: in every form in which a remote is likely to echo them.

A secret shorter than four characters ("1", "007") is replaced only where it stands alone: taken out everywhere it would
destroy the text and protect nothing, because what is left of it could be counted.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from .secrets import Secret

MASK = "•••"
MIN_FILTERED_ANYWHERE = 4
_MIN_BASE64 = 6
# What may stand beside a short secret that stands alone. A hyphen or a dot makes it part of an id or a number.
_ALONE = r"(?:^|(?<=[\s\"'`“”‘’„«»:=,;<>()\[\]{{}}])){}(?=$|[\s\"'`“”‘’„«»=,;<>()\[\]{{}}]|[.:!?](?:\s|$))"


class Redactor:
    """Replace secrets by •••.

    `vocabulary` holds words of the remote's own contract: in JSON, a whole string that equals one is kept. Else a
    customer whose password is "password" could never be told which field was refused.
    """

    def __init__(self, secrets: Iterable[str | bytes] = (), *, vocabulary: Iterable[str] = ()) -> None:
        values = {value for secret in secrets for value in _texts(secret) if value.strip()}
        long = {value for value in values if len(value) >= MIN_FILTERED_ANYWHERE}
        self._values = frozenset(values)
        self._forms = tuple(sorted({form for value in long for form in forms_of(value)}, key=len, reverse=True))
        short = sorted(values - long, key=len, reverse=True)
        self._alone = re.compile(_ALONE.format("(?:" + "|".join(map(re.escape, short)) + ")")) if short else None
        self._vocabulary = frozenset(vocabulary)

    def text(self, text: str) -> str:
        """Return `text` with every form of every secret replaced; overlapping finds become one mask."""
        if self._alone:
            text = self._alone.sub(MASK, text)
        spans = sorted(span for form in self._forms for span in _found(form, text))
        if not spans:
            return text
        parts, position = [], 0
        for start, end in _merged(spans):
            parts += [text[position:start], MASK]
            position = end
        return "".join([*parts, text[position:]])

    def value(self, value: Any) -> Any:
        """Return the JSON value with strings and keys filtered at any depth, and numbers that are a secret masked."""
        return self._filtered(value) if self._may_hold(value) else value

    def _may_hold(self, value: Any) -> bool:
        """Look at all strings at once: most answers echo nothing, and this is much faster than string by string."""
        if self._alone:
            return True
        blob = "\0".join(_strings(value))
        return any(form in blob for form in self._forms)

    def _filtered(self, value: Any) -> Any:
        match value:
            case str():
                return value if value in self._vocabulary else self.text(value)
            case bool() | None:
                return value
            case int() | float():
                is_secret = len(str(value)) >= MIN_FILTERED_ANYWHERE and str(value) in self._values
                return MASK if is_secret else value
            case list():
                return [self._filtered(item) for item in value]
            case Mapping():
                return {self._filtered_key(key): self._filtered(item) for key, item in value.items()}
            case _:
                return value

    def _filtered_key(self, key: str) -> str:
        return key if key in self._vocabulary else self.text(key)


def forms_of(value: str) -> set[str]:
    """Return the ways in which a secret may be written: as it is, escaped (JSON, URL, HTML, quotes), base64, hex."""
    raw = value.encode("utf-8", "surrogatepass")
    in_ascii, in_unicode = json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]
    upper_escapes = re.sub(r"\\u[0-9a-f]{4}", lambda found: "\\u" + found[0][2:].upper(), in_ascii)
    escaped = {
        in_ascii,
        in_unicode,
        upper_escapes,
        repr(value)[1:-1],
        value.replace("'", "\\'"),
        value.replace('"', '\\"'),
    }
    escaped |= {form.replace("/", "\\/") for form in escaped}
    escaped |= {json.dumps(form)[1:-1] for form in escaped}
    in_url = {quote(raw, safe=""), quote(raw, safe="/"), quote_plus(raw), quote(raw, safe="~()*!.'")}
    in_url |= {re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), form) for form in in_url}
    in_html = {html.escape(value), html.escape(value, quote=False), html.escape(value).replace("&#x27;", "&#39;")}
    in_html |= {html.escape(value).replace("&#x27;", "&apos;"), html.escape(value).replace("&quot;", "&#34;")}
    coded = {raw.hex(), raw.hex().upper(), *_base64_forms(raw)}
    return {form for form in {value, *escaped, *in_url, *in_html, *coded} if len(form) >= MIN_FILTERED_ANYWHERE}


def _base64_forms(raw: bytes) -> Iterator[str]:
    """Yield what base64 makes of `raw`, alone and inside something longer (`user:password`) at three alignments."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode().rstrip("=")
        yield from {whole, encode(raw).decode()}
        for offset in (0, 1, 2):
            text = encode(b"\0" * offset + raw).decode().rstrip("=")
            spoiled_at_end = 1 if (offset + len(raw)) % 3 else 0
            core = text[(0, 2, 3)[offset] : len(text) - spoiled_at_end]
            if len(core) >= _MIN_BASE64:
                yield core


def _texts(secret: str | bytes) -> Iterator[str]:
    """Yield a secret as text; of bytes also what base64 and the lines of a pasted document make of it."""
    if isinstance(secret, bytes):
        yield base64.b64encode(secret).decode()
        secret = secret.decode("utf-8", "ignore")
    yield secret
    if secret.strip() != secret:
        yield secret.strip()


def _found(form: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield where `form` stands; finds that overlap ("aaaa" in a row of them) come as one."""
    start = text.find(form)
    while start >= 0:
        end = start + len(form)
        following = text.find(form, start + 1, end + len(form))
        while following >= 0:
            end = following + len(form)
            following = text.find(form, following + 1, end + len(form))
        yield start, end
        start = text.find(form, end)


def _merged(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    start, end = spans[0]
    for next_start, next_end in spans[1:]:
        if next_start > end:
            yield start, end
            start = next_start
        end = max(end, next_end)
    yield start, end


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case bool() | None:
            return
        case int() | float():
            yield str(value)
        case list():
            for item in value:
                yield from _strings(item)
        case Mapping():
            for key, item in value.items():
                yield key
                yield from _strings(item)


def reveal(value: Any, revealed: list[str | bytes]) -> Any:
    """Return `value` with each `Secret` replaced by what it holds; bytes become base64. What was revealed is noted."""
    match value:
        case Secret():
            held = value.reveal()
            revealed.append(held)
            return base64.b64encode(held).decode() if isinstance(held, bytes) else held
        case Mapping():
            return {key: reveal(item, revealed) for key, item in value.items()}
        case list() | tuple():
            return [reveal(item, revealed) for item in value]
        case _:
            return value


def masked(value: Any, keys: frozenset[str]) -> Any:
    """Return `value` with each `Secret`, and whatever stands under one of `keys` at any depth, replaced by •••."""
    match value:
        case Secret():
            return MASK
        case Mapping():
            return {
                key: MASK if key in keys and item is not None else masked(item, keys) for key, item in value.items()
            }
        case list() | tuple():
            return [masked(item, keys) for item in value]
        case _:
            return value


def keys_of(value: Any) -> frozenset[str]:
    """Return the keys of a request at any depth: words of the contract, never the echo of a secret."""
    match value:
        case Mapping():
            return frozenset(map(str, value)).union(*map(keys_of, value.values()))
        case list() | tuple():
            return frozenset().union(*map(keys_of, value))
        case _:
            return frozenset()


def masked_text(text: str, keys: frozenset[str]) -> str:
    """Mask what follows one of `keys` in text that is no sound JSON; from an object or list on, all to the end."""
    if not keys:
        return text
    names = "|".join(re.escape(key) for key in sorted(keys, key=len, reverse=True))
    value = r'"(?:[^"\\]|\\.)*"?|[\[{].*|[^\s,}\]]+'
    return re.sub(rf'("(?:{names})"\s*:\s*)(?:{value})', lambda found: f'{found[1]}"{MASK}"', text, flags=re.DOTALL)
