"""What the audit log may keep of a value: by the class of its field, and nothing without a class."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, quote, urlsplit

from django.conf import settings

from dashboard.keyring import parse_ring
from providers.fields import AuditClass
from providers.plan import Change, Plan

from .audit_bytes import field

DIGEST_CHARS = 12
HIDDEN = "•••"


class Pseudonym(str):
    """A pseudonym that knows whom it stands for until its entry is written; as text, in JSON and in print it does not.

    Only `known_names` asks for `original`.
    """

    original: str

    def __new__(cls, digest: str, original: str) -> Pseudonym:
        made = super().__new__(cls, digest)
        made.original = original
        return made

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)


def redact_changes(plan: Plan) -> list[dict[str, object]]:
    """Return each change of `plan` as the audit log may keep it."""
    return [redact(change, is_given=change.field in plan.secret_names) for change in plan.changes]


def redact(change: Change, *, is_given: bool = False) -> dict[str, object]:
    """Return one change as the audit log may keep it; `is_given`: a new secret comes with it."""
    fact: dict[str, object] = {"field": change.field}
    match _class_of(change):
        case AuditClass.PUBLIC:
            return fact | {"class": "public", "label": change.label, "before": change.before, "after": change.after}
        case AuditClass.PERSONAL:
            return fact | {"class": "personal", "label": change.label} | _both(change, _personal)
        case AuditClass.URL:
            return fact | {"class": "url", "label": change.label} | _both(change, _url)
        case AuditClass.RECORD:
            return fact | {"class": "record"} | _both(change, _record)
        case AuditClass.SECRET:
            return fact | {"class": "secret", "label": change.label, "change": _secret(change, is_given)}
        case _:
            # NEVER, and whatever has no class yet.
            return fact | {"class": "never"}


def pseudonym(text: str) -> Pseudonym:
    """Return a keyed digest of what a person is known by: equal for equal texts, for as long as the key writes."""
    return Pseudonym(keyed_digest("pseudonym", text), text)


def keyed_digest(domain: str, value: str) -> str:
    """Return a short digest that is equal for equal values of one kind, and tells nothing to whoever has no key."""
    key = parse_ring("AUDIT_KEYS", settings.AUDIT_KEYS).writing
    return key.hmac(field(f"{domain}/v1") + field(value)).hex()[:DIGEST_CHARS]


def pseudonyms(text: str) -> list[str]:
    """Return the pseudonyms that a person may have in the log: one for each key that ever wrote in it."""
    return digests("pseudonym", text)


def digests(domain: str, value: str) -> list[str]:
    """Return what `keyed_digest` gives with each key of the ring."""
    ring = parse_ring("AUDIT_KEYS", settings.AUDIT_KEYS)
    return [key.hmac(field(f"{domain}/v1") + field(value)).hex()[:DIGEST_CHARS] for key in ring]


def mask(text: str) -> str:
    """Return the first character and no length; of an e-mail address, that of both sides."""
    name, at, domain = text.strip().rpartition("@")
    if at and name and domain:
        return f"{_first(name)}{HIDDEN}@{_first(domain)}{HIDDEN}"
    return f"{_first(text.strip())}{HIDDEN}"


def _first(text: str) -> str:
    # A text so short would be all but told by its first character.
    return text[0] if len(text) >= 3 else ""


def redact_url(url: str) -> str:
    """Return scheme, host, port and path; of the query its names only; no user, password or fragment."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True, max_num_fields=50)]
    except ValueError:
        return HIDDEN
    if not parts.scheme or not host:
        return HIDDEN
    address = f"[{host}]" if ":" in host else host
    address += f":{port}" if port else ""
    query = "&".join(f"{quote(name, safe='')}=*" for name in names) or ("*" if parts.query else "")
    return f"{parts.scheme}://{address}{parts.path}" + (f"?{query}" if query else "")


def _class_of(change: Change) -> AuditClass:
    """Return the class; what is stricter than declared is taken as it is.

    A secret that was declared as something milder is a secret all the same, and an address where nobody expected
    one may carry a password.
    """
    if change.secret or change.audit == AuditClass.SECRET:
        return AuditClass.NEVER if change.audit == AuditClass.NEVER else AuditClass.SECRET
    if change.audit == AuditClass.PUBLIC and any("://" in (text or "") for text in (change.before, change.after)):
        return AuditClass.URL
    return change.audit


def _both(change: Change, keep: Callable[[str], dict[str, str]]) -> dict[str, object]:
    return {
        "before": None if change.before is None else keep(change.before),
        "after": None if change.after is None else keep(change.after),
    }


def _personal(value: str) -> dict[str, str]:
    return {"masked": mask(value), "pseudonym": pseudonym(value)}


def _url(value: str) -> dict[str, str]:
    return {"url": redact_url(value), "digest": keyed_digest("url", value)}


def _record(value: str) -> dict[str, str]:
    return {"digest": keyed_digest("record", value)}


def _secret(change: Change, is_given: bool) -> str:
    """Say what happens to a secret. No digest of it: a short one could be guessed by whoever holds the key."""
    if is_given:
        return "set"
    if change.after is None:
        return "cleared"
    return "unchanged" if change.before == change.after else "set"
