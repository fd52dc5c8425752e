"""How long a session lasts: until nobody is there any more, and never longer than a working day."""

from __future__ import annotations

import time
from typing import Any

import structlog
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils import timezone

from dashboard.services.access_log import WAIT_MS
from dashboard.services.audit import Kind, Target, record
from dashboard.services.patience import patience

from .on_record import actor_of, origin

_BEGAN_AT = "began_at"
_SEEN_AT = "seen_at"
# Written no more often than this: a page a second is no reason for a row a second.
_SEEN_EVERY_S = 60.0

log = structlog.get_logger(__name__)


def begin(request: HttpRequest) -> None:
    """Start the clocks of a session that somebody has just signed in to."""
    request.session[_BEGAN_AT] = request.session[_SEEN_AT] = time.time()


def why_over(request: HttpRequest) -> str:
    """Return "idle" or "old" for a session whose time is over, else ""."""
    now = time.time()
    session = request.session
    if not 0 <= now - float(session.get(_BEGAN_AT, now)) < settings.SESSION_MAX_S:
        return "old"
    if not 0 <= now - float(session.get(_SEEN_AT, now)) < settings.SESSION_IDLE_S:
        return "idle"
    return ""


def touch(request: HttpRequest) -> None:
    """Note that the person is there; where nothing can be written now, the page is worth more than the note."""
    now = time.time()
    session = request.session
    session.setdefault(_BEGAN_AT, now)
    if now - float(session.get(_SEEN_AT, 0)) < min(_SEEN_EVERY_S, settings.SESSION_IDLE_S / 10):
        return
    try:
        with patience(WAIT_MS):
            UserSession.objects.filter(session_key=session.session_key).update(last_seen_at=timezone.now())
    except DatabaseError as trouble:
        log.warning("session_not_touched", cause=type(trouble).__name__)
        return
    session[_SEEN_AT] = now


def renew(request: HttpRequest) -> None:
    """Give the session a new key and keep what is in it; the list of the person's sessions follows."""
    before = request.session.session_key
    request.session.cycle_key()
    if before:
        UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]
    def end_sessions(self, sessions: list[UserSession]) -> None:
        """End them all, on record, or none."""
        from allauth.core import context

        if not sessions:
            return
        request: Any = context.request
        with transaction.atomic():
            super().end_sessions(sessions)
            user = sessions[0].user
            facts = {"sessions": len(sessions)} | origin(request)
            actor = actor_of(request, user)
            record(Kind.EVENT, "session.ended", actor=actor, target=Target.of(user), result="ok", facts=facts)
