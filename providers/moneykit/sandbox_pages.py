"""What the emulator's endpoints read of a request: bodies, numbers, in MoneyKit's own words where they are wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from providers.sandbox import Request

from .sandbox_errors import invalid

Problem = tuple[tuple[str | int, ...], str, str]


def json_body(request: Request) -> dict[str, Any]:
    """Return the body as an object, or refuse it."""
    try:
        body = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        raise invalid((("body",), "invalid json", "value_error.jsondecode")) from None
    if not isinstance(body, dict):
        raise invalid((("body",), "value is not a valid dict", "type_error.dict"))
    return body


def number_in(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
        raise invalid((("query", name), f"ensure this value is between {least} and {most}", "value_error.number"))
    return int(text)


def webhook_problems(body: Mapping[str, Any]) -> list[Problem]:
    """Source: the owner's document: 1 to 65536 characters, a URI; null removes it. Assumed: http is let through."""
    where, value = ("body", "webhook"), body.get("webhook")
    if value is None:
        return []
    if not isinstance(value, str):
        return [(where, "str type expected", "type_error.str")]
    if not value:
        return [(where, "ensure this value has at least 1 characters", "value_error.any_str.min_length")]
    if len(value) > 65_536:
        return [(where, "ensure this value has at most 65536 characters", "value_error.any_str.max_length")]
    try:
        is_url = urlsplit(value).scheme in ("http", "https") and bool(urlsplit(value).hostname)
    except ValueError:
        is_url = False
    return [] if is_url else [(where, "invalid or missing URL scheme", "value_error.url.scheme")]


def tag_problems(body: Mapping[str, Any]) -> list[Problem]:
    """Source: SDK and MoneyKit's pages: under 100 characters, first a letter or digit."""
    value = body.get("link_tags")
    if value is None:
        return []
    if not isinstance(value, list):
        return [(("body", "link_tags"), "value is not a valid list", "type_error.list")]
    found: list[Problem] = []
    for number, tag in enumerate(value):
        where = ("body", "link_tags", number)
        if not isinstance(tag, str):
            found.append((where, "str type expected", "type_error.str"))
        elif not tag[:1].isalnum():
            found.append((where, "tag must begin with an alphanumeric character", "value_error"))
        elif len(tag) > 99:
            found.append((where, "tag must have fewer than 100 characters", "value_error"))
    return found


def raise_if(problems: list[Problem]) -> None:
    if problems:
        raise invalid(*problems)
