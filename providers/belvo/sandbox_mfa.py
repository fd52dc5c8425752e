"""Challenges of the emulator: what a 428 holds, how long its session lives, and what ends it."""

from __future__ import annotations

import base64
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from providers.sandbox import Response, json_response

from .sandbox_cases import refuse
from .sandbox_institutions import Institution
from .sandbox_world import LinkRecord

Json = dict[str, Any]
GOOD_CODE = "111111"
# Codes that lead elsewhere than to a new challenge. Source of the rows: Belvo documents them for the resume call.
CODE_CASES = {
    "222222": "session_expired",
    "444444": "locked_account",
    "555555": "unexpected_error",
    "666666": "not_found",
}
MESSAGE = "A MFA token is required by the institution to login"
# What a person may type as a password to get a challenge of that kind at any institution.
KIND_OF_PASSWORD = {
    "numeric_code": "numeric",
    "mfa_numeric": "numeric",
    "qr_code": "qr",
    "mfa_qr": "qr",
    "qr_text": "qr_text",
    "text_code": "text",
    "mfa_text": "text",
    "mfa_app": "inputless",
    "inputless": "inputless",
    "mfa_old": "old",
    "mfa_oldest": "oldest",
}
_EXPIRY: dict[str, int | str] = {"qr": 300, "qr_text": 300, "text": "720", "inputless": 180}


@dataclass(slots=True)
class Session:
    """One open challenge. `pending` is what becomes of the link when the right answer comes."""

    id: str
    link_id: str
    kind: str
    expires_at: datetime
    approved_at: datetime | None
    pending: Callable[[], None]
    old_shapes: bool


class Challenges:
    """All challenges of one emulated Belvo. The emulator's lock guards it."""

    def __init__(self, rng: random.Random, now: Callable[[], datetime], approve_after_s: Callable[[], float]) -> None:
        self._rng = rng
        self._now = now
        self._approve_after_s = approve_after_s
        self._sessions: dict[str, Session] = {}

    def open(
        self, link: LinkRecord, bank: Institution, kind: str, request_id: str, pending: Callable[[], None]
    ) -> Response:
        """Open a session and return the 428 that tells of it."""
        expiry = bank.expiry if kind == bank.mfa else _EXPIRY.get(kind, 720)
        lives_s = int(expiry)
        now = self._now()
        old = bank.old_shapes or kind == "old"
        session = Session(
            id=self._token(dashed=old),
            link_id=link.id,
            kind="numeric" if kind == "old" else kind,
            expires_at=now + timedelta(seconds=lives_s),
            approved_at=now + timedelta(seconds=self._approve_after_s()),
            pending=pending,
            old_shapes=old,
        )
        self._sessions[session.id] = session
        return self._answer(session, expiry, request_id)

    def resume(self, session_id: str, link_id: str, token: str | None, request_id: str) -> Response | Session:
        """Return the session that was answered rightly, or a new 428. Raises `Refusal` for a session that is over.

        Source: Belvo, "Sandbox" and its error page: a wrong code is a new 428; there is no code for it on links.
        Assumed: an unknown session, and one of another link, is a 404.
        """
        session = self._sessions.get(session_id)
        if session is None or session.link_id != link_id:
            raise refuse("not_found")
        if self._now() >= session.expires_at:
            raise refuse("session_expired")
        if case := CODE_CASES.get(token or ""):
            del self._sessions[session_id]
            raise refuse(case)
        if self._is_right(session, token):
            del self._sessions[session_id]
            return session
        return self._again(session, request_id)

    def approve(self, link_id: str) -> int:
        """Approve, as the person would in the app of the bank, what waits for this link; return how many challenges."""
        waiting = [
            found for found in self._sessions.values() if found.link_id == link_id and not _wants_input(found.kind)
        ]
        for session in waiting:
            session.approved_at = self._now()
        return len(waiting)

    def open_for(self, link_id: str) -> int:
        return sum(
            1 for found in self._sessions.values() if found.link_id == link_id and self._now() < found.expires_at
        )

    def drop(self, link_id: str) -> None:
        for session in [found for found in self._sessions.values() if found.link_id == link_id]:
            del self._sessions[session.id]

    def _is_right(self, session: Session, token: str | None) -> bool:
        if token == GOOD_CODE or _wants_input(session.kind):
            return token == GOOD_CODE
        return session.approved_at is not None and self._now() >= session.approved_at

    def _again(self, session: Session, request_id: str) -> Response:
        del self._sessions[session.id]
        session.id = self._token(dashed=session.old_shapes)
        self._sessions[session.id] = session
        left_s = max(1, int((session.expires_at - self._now()).total_seconds()))
        return self._answer(session, str(left_s) if session.kind == "text" else left_s, request_id)

    def _answer(self, session: Session, expiry: int | str, request_id: str) -> Response:
        body: Json = {
            "code": "token_required",
            "message": MESSAGE,
            "request_id": request_id,
            "session": session.id,
            "expiry": expiry,
            "link": session.link_id,
        }
        if session.kind != "oldest":
            body["token_generation_data"] = self._challenge(session)
        return json_response(428, body if session.old_shapes else [body])

    def _challenge(self, session: Session) -> Json:
        value = f"{self._rng.randrange(10_000, 100_000)}"
        match session.kind:
            case "qr":
                words = "Scan this QR code with the app of your bank"
                return {"instructions": words, "type": "qr", "value": _qr_image(self._rng), "expects_user_input": False}
            case "qr_text":
                content = f"BREE|LOGIN|{value}|{session.id[:12]}"
                words = "Escaneie o código QR com o aplicativo do banco e digite o código exibido"
                return {"instructions": words, "type": "qr", "value": content, "expects_user_input": True}
            case "text":
                words = "Enter the code that your bank sent by SMS"
                return {"instructions": words, "type": "text", "value": None, "expect_user_input": True}
            case "inputless":
                words = "Approve the login in the app of your bank, then continue"
                return {"instructions": words, "type": "inputless", "value": None, "expects_user_input": False}
        words = "Use this code to generate the token"
        challenge = {"instructions": words, "type": "numeric", "value": value}
        return challenge if session.old_shapes else challenge | {"expects_user_input": True}

    def _token(self, *, dashed: bool) -> str:
        text = f"{self._rng.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}" if dashed else text


def _wants_input(kind: str) -> bool:
    return kind not in ("inputless", "qr")


def _qr_image(rng: random.Random) -> str:
    """Return a PNG that looks like a QR code, as a data URI. It holds no message: nobody scans a demo."""
    modules, scale = 25, 8
    dark = [[rng.random() < 0.5 for _ in range(modules)] for _ in range(modules)]
    for top, left in ((0, 0), (0, modules - 7), (modules - 7, 0)):
        for row in range(-1, 8):
            for column in range(-1, 8):
                y, x = top + row, left + column
                if 0 <= y < modules and 0 <= x < modules:
                    ring = max(abs(row - 3), abs(column - 3))
                    dark[y][x] = ring in (0, 1, 3)
    size = (modules + 8) * scale
    lines = []
    for y in range(size):
        row = y // scale - 4
        bits = [0 <= row < modules and 0 <= x // scale - 4 < modules and dark[row][x // scale - 4] for x in range(size)]
        packed = bytes(
            sum(1 << (7 - bit) for bit, is_dark in enumerate(bits[start : start + 8]) if not is_dark)
            for start in range(0, size, 8)
        )
        lines.append(b"\x00" + packed)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", size, size, 1, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"".join(lines)))]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in [*chunks, (b"IEND", b"")])
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
