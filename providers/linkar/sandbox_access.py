"""Who asks the emulated Linkar, and what they may do: no key, an API key, or a token by client credentials."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qs

from providers.sandbox import Request, Response, json_response

API_KEY = "lk-sandbox-8Hq3vT6nPz1wRk5c"
READ_KEY = "lk-sandbox-reads-only-4Jm9"
CLIENT_ID = "linkdesk"
CLIENT_SECRET = "sandbox-client-Wb7xQ2mZ"  # noqa: S105 - opens nothing but the emulator
APIRESOURCE = "apidemo"
_READS = ("crud.read", "crud.select", "crud.dictionaries", "crud.lkproperties")
_EVERYTHING = (*_READS, "crud.update", "crud.updatepartial")
_SCOPES = {API_KEY: _EVERYTHING, READ_KEY: _READS}


class Refused(Exception):
    """The service itself says no, without a body."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class Access:
    """The keys and tokens of one installation. `fingerprint` makes a token of a number."""

    def __init__(self, now: Callable[[], datetime], fingerprint: Callable[[str], str]) -> None:
        self._now = now
        self._fingerprint = fingerprint
        self.tokens: dict[str, float] = {}
        self._count = 0

    def scopes_of(self, request: Request, auth: str) -> tuple[str, ...]:
        """Return what may be done, or raise `Refused`."""
        match auth:
            case "none":
                return _EVERYTHING
            case "oauth2":
                kind, _, token = request.headers.get("authorization", "").partition(" ")
                if kind.lower() != "bearer" or self.tokens.get(token, 0.0) < self._now().timestamp():
                    raise Refused(401)
                return _EVERYTHING
        found = _SCOPES.get(request.headers.get("x-api-key", ""))
        if found is None:
            raise Refused(401)
        return found

    def hand_out(self, request: Request, life_s: int) -> Response:
        """Answer POST /connect/token. Assumed: RFC 6749, section 4.4, keys in the form."""
        form = {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        keys = (form.get("client_id"), form.get("client_secret"), form.get("grant_type"))
        if keys != (CLIENT_ID, CLIENT_SECRET, "client_credentials"):
            return json_response(400, {"error": "invalid_client"})
        self._count += 1
        token = self._fingerprint(f"token {self._count}")
        self.tokens[token] = self._now().timestamp() + life_s
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": life_s}
        return json_response(200, answer | {"scope": said(_EVERYTHING)})

    def withdraw_all(self) -> None:
        """End every token before its time."""
        self.tokens.clear()


def said(scopes: tuple[str, ...]) -> str:
    return " ".join(f"{APIRESOURCE}.{scope}" for scope in scopes)
