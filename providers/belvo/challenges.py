"""The 428 that asks for a code, in both its shapes, as a `Challenge`."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from ..answers import Challenge
from ..http import Reply
from ..secrets import Secret
from .payloads import ChallengePayload, read

logger = logging.getLogger("linkdesk.providers.belvo")

# Assumed: no expiry is documented as absent; five minutes is the shortest that a person can work with.
DEFAULT_EXPIRY_S = 300
# An expiry of more than a day is not believed; the longest that Belvo documents is 9600 s.
MAX_EXPIRY_S = 86_400
# What the transport writes in place of a secret that the remote echoed.
_REDACTED = "•••"


def challenge_in(
    reply: Reply, *, remote_id: str, received_at: datetime, previous: Challenge | None = None
) -> Challenge | None:
    """Return the challenge of an answer, or None: only `token_required` together with a session can be answered.

    `previous` is the challenge that was answered; a remote that names the same session again means that one, which the
    transport has filtered from the answer.
    """
    payload = _payload_in(reply)
    if payload is None:
        return None
    if payload.link and payload.link.replace("-", "").lower() != remote_id.replace("-", "").lower():
        logger.warning("belvo: a challenge names another link than the one it answers; the name is not used")
    session = previous.session if previous and _REDACTED in payload.session else Secret(payload.session)
    generation = payload.generation
    expiry_s = payload.expiry
    is_assumed = expiry_s is None or not 0 < expiry_s <= MAX_EXPIRY_S
    seconds = DEFAULT_EXPIRY_S if is_assumed or expiry_s is None else expiry_s
    return Challenge(
        remote_id=remote_id,
        session=session,
        kind=generation.type.lower()[:40] or "text",
        instructions=generation.instructions[:2000],
        value=generation.value,
        expects_input=_expects_input(generation.expects_user_input, generation.expect_user_input),
        received_at=received_at,
        expires_at=received_at + timedelta(seconds=seconds),
        expiry_is_assumed=is_assumed,
    )


def _payload_in(reply: Reply) -> ChallengePayload | None:
    """Return the first object with a session. Source: array in OAS 1.223.0, bare object in the owner's documents."""
    if not reply.is_json or reply.status < 400:
        return None
    items = reply.json if isinstance(reply.json, list) else [reply.json]
    payloads = (read(ChallengePayload, item) for item in items if isinstance(item, dict))
    return next((p for p in payloads if p.session and p.code.strip().lower() == "token_required"), None)


def _expects_input(*flags: bool | None) -> bool:
    """Return the flag that was given, in either spelling; true if none was. Source: OAS 1.223.0, default true."""
    return next((flag for flag in flags if flag is not None), True)
