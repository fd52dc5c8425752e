"""Webhook and tags of a link: the form, and the PATCH of what changed. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..answers import Snapshot
from ..fields import AuditClass, Field, FieldKind, FieldValue
from ..outcomes import FieldErrors
from ..plan import CallTemplate, Change, Plan
from .plan_parts import path_of, rests_on
from .snapshots import link_of

# Source: the owner's document.
MAX_WEBHOOK_CHARS = 65_536
# Source: SDK and MoneyKit's pages: under 100 characters.
MAX_TAG_CHARS = 99


def settings_fields(snapshot: Snapshot) -> tuple[Field, ...]:
    """Return what PATCH changes, with the current values. Source: the owner's document, PATCH /links/{id}."""
    link = link_of(snapshot)
    return (
        Field(
            "webhook",
            "Webhook",
            FieldKind.URL,
            initial=link.webhook or None,
            help="Where MoneyKit tells of changes of this link. Empty removes it.",
            placeholder="https://",
            max_length=MAX_WEBHOOK_CHARS,
            audit=AuditClass.URL,
        ),
        Field(
            "link_tags",
            "Tags",
            FieldKind.LIST,
            initial=link.link_tags,
            help="One a line, each under 100 characters and beginning with a letter or digit. The whole list is sent.",
            audit=AuditClass.PUBLIC,
        ),
    )


def plan_settings(base: Snapshot, values: Mapping[str, FieldValue]) -> Plan | FieldErrors:
    """Plan a PATCH of what changed, and of nothing else; the deprecated `tags` is never sent.

    Source: the owner's document: null removes the webhook. Assumed: an absent field is left alone, and a list of tags
    replaces the whole list.
    """
    link = link_of(base)
    body: dict[str, Any] = {}
    changes: list[Change] = []
    warnings: list[str] = []
    webhook, tags = _webhook(values, link.webhook), _tags(values, link.link_tags)
    errors = {"webhook": _webhook_problems(webhook), "link_tags": _tag_problems(tags)}
    if webhook != link.webhook:
        body["webhook"] = webhook or None
        changes.append(Change("webhook", "Webhook", link.webhook or None, webhook or None, audit=AuditClass.URL))
        warnings += _webhook_warnings(webhook)
    if sorted(tags) != sorted(link.link_tags):
        body["link_tags"] = list(tags)
        changes.append(Change("link_tags", "Tags", _shown(link.link_tags), _shown(tags), audit=AuditClass.PUBLIC))
    found = {name: problems for name, problems in errors.items() if problems and name in body}
    if found:
        return FieldErrors(found)
    return Plan(
        action="settings",
        remote_id=base.remote_id,
        summary=_summary(body),
        changes=tuple(changes),
        call=CallTemplate("PATCH", path_of(base), body),
        base_digest=rests_on(base, "webhook", "link_tags"),
        warnings=tuple(warnings),
    )


def _webhook(values: Mapping[str, FieldValue], current: str) -> str:
    """Return the webhook that is wanted: "" for none; what the form does not hold stays."""
    given = values.get("webhook", current)
    return given.strip() if isinstance(given, str) else "" if given is None else current


def _tags(values: Mapping[str, FieldValue], current: tuple[str, ...]) -> tuple[str, ...]:
    given = values.get("link_tags", current)
    if given is None:
        return ()
    return tuple(dict.fromkeys(map(str, given))) if isinstance(given, tuple | list) else current


def _webhook_problems(webhook: str) -> tuple[str, ...]:
    """Assumed: MoneyKit says “URI” only; we want https and a host, because events name links."""
    if not webhook:
        return ()
    if len(webhook) > MAX_WEBHOOK_CHARS:
        return (f"At most {MAX_WEBHOOK_CHARS:,} characters; this is {len(webhook):,}.",)
    try:
        address = urlsplit(webhook)
        sound = address.scheme == "https" and bool(address.hostname) and address.port != 0
    except ValueError:
        sound = False
    if sound and not webhook.isascii():
        return (
            "MoneyKit takes letters of ASCII only. Write the host in punycode (xn--…), and what follows it "
            "percent-encoded (%C3%A4 for ä).",
        )
    if not sound or not re.fullmatch(r"[!-~]+", webhook):
        return ("Give a full address that begins with https://, without blanks.",)
    if address.username or address.password:
        return ("A name or password does not belong into the address; everybody who may see the link could read it.",)
    return ()


def _webhook_warnings(webhook: str) -> list[str]:
    if not webhook:
        return ["The webhook will be removed: MoneyKit tells nobody any more when this link breaks or has new data."]
    if "?" in webhook:
        return ["The address has a query. If there is a secret in it, everybody who may see this link can read it."]
    return []


def _tag_problems(tags: tuple[str, ...]) -> tuple[str, ...]:
    long = [tag for tag in tags if len(tag) > MAX_TAG_CHARS]
    odd = [tag for tag in tags if not tag[:1].isalnum()]
    return (
        *(f"“{tag[:20]}…” has {len(tag)} characters; a tag has fewer than 100." for tag in long),
        *(f"“{tag[:40]}” does not begin with a letter or digit." for tag in odd),
    )


def _shown(tags: tuple[str, ...]) -> str | None:
    return ", ".join(tags) or None


def _summary(body: Mapping[str, Any]) -> str:
    parts = []
    if "webhook" in body:
        parts.append("Change the webhook" if body["webhook"] else "Remove the webhook")
    if "link_tags" in body:
        parts.append("replace the tags" if body["link_tags"] else "remove all tags")
    text = " and ".join(parts) or "change nothing"
    return f"{text[0].upper()}{text[1:]} of this link"
