"""What took effect at the remotes, put beside what the clients pressed and what the audit log intended."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from dashboard.models import AuditEntry, Operation
from dashboard.models.operation import State
from providers.sandbox import Sandbox

from .sent import Sent

MARKER = re.compile(r"Kx\d{5}x[0-9a-f]{6}")
# A question of the remote's: whether anything will be changed is open.
OPENED = "challenge_opened"
ANSWERED = "challenge_answered"
NOT_DONE = (State.REFUSED, State.FAILED, State.CANCELLED, State.EXPIRED, State.DRAFT, State.AWAITING_APPROVAL)

Entries = Mapping[str, Sequence[AuditEntry]]


class Effects:
    """The remotes' own logs of effects. Whose one is, is told by the clients' log alone, never by our database."""

    def __init__(self, sandboxes: Mapping[str, Sandbox], log: Sequence[Sent]) -> None:
        self.all = [(slug, effect) for slug, sandbox in sandboxes.items() for effect in sandbox.effects()]
        self._by_marker = {line.marker: line for line in log}
        self._by_hash = {
            (slug, sandbox.fingerprint(line.marker)): line for slug, sandbox in sandboxes.items() for line in log
        }
        self._by_remote: dict[tuple[str, str], list[Sent]] = defaultdict(list)
        for line in sorted(log, key=lambda line: line.pressed_at):
            if line.pressed_at:
                self._by_remote[line.remote[0], _short(line.remote[1])].append(line)

    def troubles(self, operations: Mapping[str, Operation], entries: Entries) -> Iterator[str]:
        seen: dict[str, Counter[str]] = defaultdict(Counter)
        for slug, effect in self.all:
            line = self._line_of(slug, effect)
            yield from self._unlike(slug, effect, line, operations, entries)
            if line is not None:
                seen[line.operation][_what(effect)] += 1
        for operation, counts in seen.items():
            yield from (f"operation {operation} took effect {n} times: {what}" for what, n in counts.items() if n > 1)
        for pk, operation in operations.items():
            done = set(seen.get(pk, ())) - {OPENED}
            if operation.state == State.DONE and not done:
                yield f"operation {pk} ({operation.action}) is done and took no effect"
            if operation.state in NOT_DONE and done - {"too_soon"}:
                yield f"operation {pk} ({operation.action}) is {operation.state} and took effect: {done}"

    def _unlike(
        self,
        slug: str,
        effect: Mapping[str, Any],
        line: Sent | None,
        operations: Mapping[str, Operation],
        entries: Entries,
    ) -> Iterator[str]:
        """Say what is wrong with an effect: nobody pressed for it, no intent stands before it, or another one does."""
        where = f"{slug} {effect['method']} {effect['path']} ({effect['what']})"
        if line is None:
            yield f"effect that nobody pressed for: {where}"
            return
        action = "operation.token" if effect["what"] == ANSWERED else "operation.intent"
        intents = [entry for entry in entries.get(line.operation, ()) if entry.action == action]
        if not intents:
            yield f"effect without an intent: {where}, {line}"
            return
        if not any(_moment(entry.at) <= _moment(effect["at"]) for entry in intents):
            yield f"effect before its intent: {where}, {line}"
        operation = operations[line.operation]
        asked = json.loads(intents[-1].body).get("request", {})
        remote = operation.integration, _short(operation.account.remote_id)
        if remote != (slug, effect["subject"]) or asked.get("method", effect["method"]) != effect["method"]:
            yield f"effect unlike its intent: {where}, asked {asked} of {remote}"

    def _line_of(self, slug: str, effect: Mapping[str, Any]) -> Sent | None:
        told = MARKER.search(json.dumps(effect["changes"]))
        if told:
            return self._by_marker.get(told[0])
        for one in effect["secrets"].values():
            if (slug, one) in self._by_hash:
                return self._by_hash[slug, one]
        # A client works on an account alone: what it pressed last before the effect.
        at = _moment(effect["at"]).timestamp()
        pressed = [line for line in self._by_remote[slug, effect["subject"]] if line.pressed_at <= at]
        return pressed[-1] if pressed else None


def _what(effect: Mapping[str, Any]) -> str:
    """Return what happened; a refresh that came too soon is noted by MoneyKit and refreshes nothing."""
    return "too_soon" if effect["changes"].get("too_soon") else str(effect["what"])


def _short(remote_id: str) -> str:
    """Return what the log of effects calls an account: Linkar's leaves out the database."""
    return "/".join(unquote(remote_id).split("/")[-2:])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
