"""A call of ours, written out: secrets are revealed here, at the last moment, and masked in what may be told of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from requests.auth import AuthBase

from .body import ACCEPT_ENCODING, capped
from .media import Media, UnsoundBody
from .redaction import Redactor, keys_of, masked, reveal
from .secrets import Secret


class CannotWrite(Exception):
    """Something in the call cannot be put on the wire. The message names the kind only: never a value."""


@dataclass(frozen=True, slots=True)
class Call:
    """What goes over the wire, and what may be told of it: `shown_…` and `redactor` hold the same secrets back."""

    method: str
    path: str
    template: str
    prepared: requests.PreparedRequest = field(repr=False)
    redactor: Redactor = field(repr=False)
    shown_body: str
    shown_path: str
    shown_headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Signature:
    """What every call of a session carries, and what of it must never be seen."""

    base_url: str
    auth: AuthBase | None = field(repr=False)
    headers: Mapping[str, Any] = field(repr=False)
    own_secrets: tuple[Secret, ...]
    redact_keys: frozenset[str]
    vocabulary: frozenset[str]
    tells: Callable[[Any], Any]

    def write(
        self,
        method: str,
        path: str,
        *,
        template: str = "",
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        form: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        media: Media | None = None,
    ) -> Call:
        """Write the request out, or raise `CannotWrite` (a line break in a header, a path with dots)."""
        _check_path(path)
        revealed: list[str | bytes] = [secret.reveal() for secret in self.own_secrets]
        try:
            content_type, content = _content(reveal(body, revealed), reveal(form, revealed), media)
            prepared = requests.Request(
                method,
                self.base_url + path,
                headers=reveal({**_HEADERS, **content_type, **self.headers, **(headers or {})}, revealed),
                params=reveal(params or {}, revealed),
                data=content,
            ).prepare()
            revealed += self._sign(prepared)
        except (requests.RequestException, UnicodeError, UnsoundBody) as error:
            raise CannotWrite(type(error).__name__) from None
        body = form if body is None else body
        redactor = Redactor(revealed, vocabulary=self.vocabulary | self.redact_keys | keys_of(body))
        told = None if body is None else redactor.value(self.tells(masked(body, self.redact_keys)))
        shown = "" if body is None else json.dumps(told, ensure_ascii=False)
        query = urlsplit(prepared.url or "").query
        return Call(
            method,
            path,
            template or path,
            prepared,
            redactor,
            capped(shown),
            redactor.text(f"{path}?{query}" if query else path),
            self._shown({"Accept": _HEADERS["Accept"], **content_type, **self.headers, **(headers or {})}, redactor),
        )

    def _shown(self, headers: Mapping[str, Any], redactor: Redactor) -> dict[str, str]:
        """Return the headers that say what this call is about; our keys are in none of them."""
        plain = {name: value for name, value in headers.items() if not isinstance(value, Secret)}
        return {name: redactor.text(str(value)) for name, value in plain.items()}

    def _sign(self, prepared: requests.PreparedRequest) -> Iterable[str]:
        """Let `auth` sign the request and return what it added: header values, whole and without their scheme."""
        if self.auth is None:
            return []
        before = dict(prepared.headers)
        self.auth(prepared)
        added = [str(value) for name, value in prepared.headers.items() if before.get(name) != value]
        return [part for value in added for part in (value, value.partition(" ")[2]) if part]


_HEADERS = {"User-Agent": "Linkdesk", "Accept": "application/json", "Accept-Encoding": ACCEPT_ENCODING}


def _content(body: Any, form: Mapping[str, Any] | None, media: Media | None) -> tuple[dict[str, str], bytes | None]:
    """Return the header that names the kind of content, and the content: JSON, another format, a form, or none."""
    if body is not None and media is not None:
        return {"Content-Type": media.content_type}, media.write(body)
    if body is not None:
        return {"Content-Type": "application/json"}, _json_bytes(body)
    if form is not None:
        return {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(form, doseq=True).encode("ascii")
    return {}, None


def _check_path(path: str) -> None:
    """Pin the host: only a path below the base URL, so that no credential can go elsewhere."""
    if not path.startswith("/") or any(mark in path for mark in "?#\\"):
        raise ValueError("a path begins with “/” and has no query: that goes into params")
    if not re.fullmatch("[!-~]+", path):
        raise CannotWrite("a path that is not percent-encoded")
    if any(part.lower().replace("%2e", ".") in (".", "..") for part in path.split("/")):
        # An id of the remote's may look like this; a URL would be shortened by it and name another object.
        raise CannotWrite("dots in the path")


def _json_bytes(value: Any) -> bytes:
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")
