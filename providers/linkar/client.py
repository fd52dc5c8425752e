"""Linkar's endpoints, one function each: the request as Linkar wants it, the raw answer back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..http import ApiSession, NoReply, Reply
from ..secrets import Secret
from ..tokens import AccessToken
from .file_map import FileMap
from .lkstring import LKSTRING
from .oauth import BearerAuth, Client
from .options import ACCEPT, MODES, Config, Options, base_url, options_of, token_address
from .telling import Teller
from .xml_body import XML

Answer = Reply | NoReply

# What comes on top of the time that Linkar itself waits for the database.
GRACE_S = 10.0
MAX_BODY_BYTES = 32_000_000
# ORIGINAL_RECORD is the whole record in clear: it never reaches a call log.
REDACT_KEYS = frozenset(("ORIGINAL_RECORD", "ORIGINALRECORD", "access_token", "client_secret", "APIKEY"))
# Words of Linkar's contract, which no echo of a key can be.
VOCABULARY = frozenset(("RECORDS", "ERRORS", "CODE", "MESSAGE", "LKITEMID", "TOTAL_RECORDS", "UP", "Bearer"))


class LinkarSession(ApiSession):
    """A session that gets itself a token where the installation wants one."""

    def __init__(self, base_url: str, *, client: Client | None = None, bearer: BearerAuth | None = None, **rest: Any):
        super().__init__(base_url, **rest)
        self._client, self._bearer = client, bearer

    def request(self, method: str, path: str, **options: Any) -> Answer:
        if self._client is None or self._bearer is None:
            return super().request(method, path, **options)
        token = self._client.token(self.tokens)
        if not isinstance(token, AccessToken):
            return token
        self._bearer.token = token.value
        answer = super().request(method, path, **options)
        if not isinstance(answer, Reply) or answer.status != 401:
            return answer
        self.tokens.forget(self._client.name, token.serial)
        if method.upper() != "GET":
            return answer
        # A read is asked once more: the token may have been withdrawn before its time.
        renewed = self._client.token(self.tokens, not_this=token.serial)
        if not isinstance(renewed, AccessToken):
            return renewed
        self._bearer.token = renewed.value
        return super().request(method, path, **options)


def open_session(config: Config, **transport: Any) -> ApiSession:
    """Build the session for one integration."""
    options = options_of(config)
    shared: dict[str, Any] = {
        "redact_keys": REDACT_KEYS | options.map.secret_names,
        "tells": Teller(options.map).tells,
        "vocabulary": VOCABULARY,
        "ca_file": str(config.get("CA_FILE") or ""),
        "name": "linkar",
        "gate": "linkar",
        **transport,
    }
    own: dict[str, Any] = {}
    if options.auth == "api_key":
        key = _secret(config, "API_KEY")
        own = {"headers": {"x-api-key": key}, "own_secrets": (key,)}
    if options.auth == "oauth2":
        bearer = BearerAuth()
        own = {"auth": bearer, "bearer": bearer, "client": _client_of(config, shared)}
    return LinkarSession(
        base_url(config),
        **{
            "deadline_s": options.svr_timeout_s + GRACE_S,
            "max_body_bytes": MAX_BODY_BYTES,
            "media": (XML, LKSTRING),
            **shared,
            **own,
        },
    )


def health(session: ApiSession) -> Answer:
    """Source: OAS, GET /api/v1/health: the answer is the literal UP, with or without quotes."""
    return session.request("GET", "/api/v1/health", template="/api/v1/health")


def scopes(session: ApiSession, apiresource: str) -> Answer:
    """Source: OAS, GET R/scopes: what our key may do."""
    return _get(session, apiresource, "scopes", "scopes", params={}, form="json")


def version(session: ApiSession, apiresource: str, timeout_s: int) -> Answer:
    """Source: OAS, GET R/GetVersion: proves the database behind Linkar."""
    return _get(session, apiresource, "GetVersion", "GetVersion", params={"svr_timeout": timeout_s}, form="json")


def properties(session: ApiSession, file: FileMap, timeout_s: int) -> Answer:
    """Source: OAS, GET R/crud/LkProperties/<f>: labels, lengths, options."""
    params = {"svr_timeout": timeout_s}
    path = f"crud/LkProperties/{_quoted(file.file)}"
    return _get(session, file.apiresource, path, "crud/LkProperties/{file}", params=params, form="json")


def dictionaries(session: ApiSession, file: FileMap, timeout_s: int) -> Answer:
    """Source: OAS, GET R/crud/Dictionaries/<f>: where the site has made no schema."""
    params = {"svr_timeout": timeout_s}
    path = f"crud/Dictionaries/{_quoted(file.file)}"
    return _get(session, file.apiresource, path, "crud/Dictionaries/{file}", params=params, form="json")


def read_record(session: ApiSession, file: FileMap, record_id: str, options: Options, params: dict[str, Any]) -> Answer:
    """Source: OAS, GET R/crud/<f>/{id}; always in normal mode, where names and places can be told apart."""
    path = f"crud/{_quoted(file.file)}/{_quoted(record_id)}"
    return _get(session, file.apiresource, path, "crud/{file}/{id}", params=params, form=options.format)


def view_record(session: ApiSession, file: FileMap, record_id: str, options: Options, params: dict[str, Any]) -> Answer:
    """Source: LINKAR_WS manual, lk_read, in the mode of the integration: for people to look at, never to write back."""
    mode = MODES[options.mode]
    path = f"{mode}/{_quoted(file.file)}/{_quoted(record_id)}"
    return _get(session, file.apiresource, path, f"{mode}/{{file}}/{{id}}", params=params, form=options.format)


def view_selected(session: ApiSession, file: FileMap, options: Options, params: dict[str, Any]) -> Answer:
    """Source: LINKAR_WS manual, lk_select, in the mode of the integration: for a record that no path leads to."""
    mode = MODES[options.mode]
    path = f"{mode}/{_quoted(file.file)}"
    return _get(session, file.apiresource, path, f"{mode}/{{file}}", params=params, form=options.format)


def select(session: ApiSession, file: FileMap, options: Options, params: dict[str, Any]) -> Answer:
    """Source: OAS, GET R/crud/<f>; LINKAR_WS manual, lk_select."""
    return _get(
        session, file.apiresource, f"crud/{_quoted(file.file)}", "crud/{file}", params=params, form=options.format
    )


def update(
    session: ApiSession,
    file: FileMap,
    options: Options,
    *,
    body: Mapping[str, Any],
    params: dict[str, Any],
) -> Answer:
    """Source: the owner's document, PUT R/crud/<f>; LINKAR_WS manual, lk_updatepartial: PATCH R/crud/<f>."""
    mode = MODES[options.mode]
    return session.request(
        options.update_with.upper(),
        f"/api/v1/{file.apiresource}/{mode}/{_quoted(file.file)}",
        template=f"/api/v1/{file.apiresource}/{mode}/{{file}}",
        params=params,
        json=dict(body),
        headers={"Accept": ACCEPT[options.format]},
        media=options.media,
        deadline_s=int(params["svr_timeout"]) + GRACE_S,
    )


def update_headers(options: Options) -> dict[str, str]:
    """Return what an update says of its format, where that is not JSON: the answer is in the format of the body."""
    media = options.media
    return {"Content-Type": media.content_type, "Accept": ACCEPT[options.format]} if media else {}


def update_path(file: FileMap, options: Options) -> str:
    return f"/api/v1/{file.apiresource}/{MODES[options.mode]}/{_quoted(file.file)}"


def _get(
    session: ApiSession, apiresource: str, path: str, template: str, *, params: Mapping[str, Any], form: str
) -> Answer:
    """Assumed: the answer to a call without a body is in the format of `Accept`; any of the three is read."""
    wait: dict[str, Any] = {"deadline_s": int(params["svr_timeout"]) + GRACE_S} if "svr_timeout" in params else {}
    return session.request(
        "GET",
        f"/api/v1/{apiresource}/{path}",
        template=f"/api/v1/{apiresource}/{template}",
        params=params,
        headers={"Accept": ACCEPT[form]},
        **wait,
    )


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _client_of(config: Config, shared: Mapping[str, Any]) -> Client:
    url, path = token_address(config)
    secret = _secret(config, "CLIENT_SECRET")
    names = ("redact_keys", "vocabulary", "ca_file", "on_exchange", "limiter", "gate", "read_retries")
    session = ApiSession(
        url, own_secrets=(secret,), name="linkar", **{name: shared[name] for name in names if name in shared}
    )
    client_id, scope = str(config.get("CLIENT_ID") or ""), str(config.get("SCOPE") or "")
    return Client(session, path, str(shared["gate"]), client_id, secret, scope)


def _secret(config: Config, suffix: str) -> Secret:
    value = config.get(suffix) or ""
    return value if isinstance(value, Secret) else Secret(value)
