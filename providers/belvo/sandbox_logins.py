"""The link endpoints of the emulator that log in somewhere: register, replace credentials, resume a challenge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from providers.sandbox import Request, Response, json_response

from . import sandbox_checks as checks
from .sandbox_cases import CASES, Case, Refusal, normal_word, refusal_for, refuse
from .sandbox_dates import stamp
from .sandbox_institutions import Institution
from .sandbox_mfa import GOOD_CODE, KIND_OF_PASSWORD
from .sandbox_samples import CREATED_BY
from .sandbox_world import LinkRecord

if TYPE_CHECKING:
    from .sandbox import BelvoSandbox

Json = dict[str, Any]
SECRET_KEYS = ("password", "password2", "token", "certificate", "private_key", "encryption_key")


def update(sandbox: BelvoSandbox, request: Request, link_id: str) -> Response:
    """PUT /api/links/{id}/: replace the credentials, which logs in while the caller waits.

    A second login during the first is one session too many. `institution` and `username` in the body are ignored:
    Belvo's own document asks for them and every client leaves them out.
    """
    body = checks.json_body(request)
    with sandbox.lock:
        link = sandbox.find_link(link_id, "update")
        bank = sandbox.world.institution_of(link)
        _refuse_update(body, bank)
        if link.is_busy:
            raise refuse("too_many_sessions")
        link.is_busy = True
    try:
        _take_time(sandbox, body, bank)
    finally:
        link.is_busy = False
    with sandbox.lock:
        sandbox.find_link(link_id, "update")
        return _log_in(sandbox, request, link, bank, body)


def register(sandbox: BelvoSandbox, request: Request) -> Response:
    """POST /api/links/: a new link, or a 428 with a new unconfirmed one."""
    body = checks.json_body(request)
    with sandbox.lock:
        bank = _registered_bank(sandbox, body)
        _refuse_registration(sandbox, body, bank)
    _take_time(sandbox, body, bank)
    with sandbox.lock:
        link = _new_link(sandbox, body, bank)
        kind = _challenge_kind(body, bank)
        if kind and body.get("token") != GOOD_CODE:
            sandbox.world.add(link, bank)
            sandbox.record_effect(request, link.id, "link_created", changes={"status": [None, link.status]})
            return _challenge(sandbox, request, link, kind, body)
        sandbox.world.add(link, bank)
        _succeed(sandbox, request, link, "link_registered", body)
        return json_response(201, link.shown())


def resume(sandbox: BelvoSandbox, request: Request) -> Response:
    """PATCH /api/links/: answer a challenge. Documented as 200 and as 201; the institution decides which."""
    body = checks.json_body(request)
    with sandbox.lock:
        problems = [checks.required(name) for name in ("session", "link") if name not in body]
        checks.raise_if(problems + checks.text_problems(body, ("session", "link", "token")))
        link_id = checks.check_uuid(body["link"], "link")
        link = sandbox.find_link(link_id, "resume")
        answered = sandbox.challenges.resume(body["session"], link_id, body.get("token"), sandbox.new_request_id())
        if isinstance(answered, Response):
            return answered
        answered.pending()
        sandbox.record_effect(request, link.id, "challenge_answered", secrets=_secrets(body))
        return json_response(sandbox.world.institution_of(link).resumed_status, link.shown())


def _refuse_update(body: Json, bank: Institution) -> None:
    if bank.is_openfinance:
        raise refuse("unsupported_operation")
    checks.check_credentials(body, bank)
    _refuse_login(body, bank)


def _registered_bank(sandbox: BelvoSandbox, body: Json) -> Institution:
    name = body.get("institution")
    if name is None:
        raise Refusal(checks.required("institution"))
    bank = sandbox.world.institutions.get(str(name))
    if bank is None:
        raise Refusal(checks.problem("does_not_exist", f"Object with name={name} does not exist.", "institution"))
    if bank.is_openfinance:
        raise refuse("unsupported_operation")
    return bank


def _refuse_registration(sandbox: BelvoSandbox, body: Json, bank: Institution) -> None:
    problems = checks.settings_problems(body, bank)
    problems += [] if "username" in body else [checks.required("username")]
    external_id = body.get("external_id")
    if external_id is not None and not (isinstance(external_id, str) and 3 <= len(external_id) <= 256):
        words = "Ensure this field has at least 3 and no more than 256 characters."
        problems.append(checks.problem("invalid", words, "external_id"))
    checks.raise_if(problems)
    checks.check_credentials(body, bank)
    storage = body.get("credentials_storage")
    if body.get("access_mode", "recurrent") == "recurrent" and storage not in (None, "store"):
        raise refuse("invalid_credentials_storage")
    if storage == "nostore" and not body.get("fetch_resources"):
        raise refuse("invalid_fetch_resources")
    _refuse_login(body, bank)
    user_id = sandbox.world.user_id(bank.name, str(body["username"]))
    if any(link.body.get("institution_user_id") == user_id for link in sandbox.world.links.values()):
        case = CASES["duplicated"]
        raise Refusal(Case(case.status, case.code, case.message, {"institution_user_id": user_id}))


def _refuse_login(body: Json, bank: Institution) -> None:
    """Raise what the institution, or a word that was typed, leads to. Source: Belvo, "Sandbox", its test users."""
    for name in ("password", "password2", "username_type"):
        if refusal := refusal_for(body.get(name, ""), old_shapes=bank.old_shapes):
            raise refusal
    if normal_word(body.get("username", "")) in ("user_invalid", "adv_invalid") or body.get("username_type") == "999":
        raise refuse("pass_invalid")
    checks.check_format(body, bank)
    if bank.login_case:
        raise refuse(bank.login_case)


def _take_time(sandbox: BelvoSandbox, body: Json, bank: Institution) -> None:
    if bank.slow or normal_word(body.get("password", "")) == "slow":
        sandbox.clock.wait(sandbox.slow_s)


def _challenge_kind(body: Json, bank: Institution) -> str:
    for name in ("password", "username"):
        if kind := KIND_OF_PASSWORD.get(normal_word(body.get(name, ""))):
            return kind
    return bank.mfa


def _log_in(sandbox: BelvoSandbox, request: Request, link: LinkRecord, bank: Institution, body: Json) -> Response:
    word = normal_word(body.get("password", ""))
    if word == "still_invalid":
        sandbox.record_effect(request, link.id, "credentials_taken", secrets=_secrets(body))
        link.body["status"] = "invalid"
        return json_response(200, link.shown())
    kind = _challenge_kind(body, bank)
    if kind and body.get("token") != GOOD_CODE:
        return _challenge(sandbox, request, link, kind, body)
    _succeed(sandbox, request, link, "credentials_replaced", body)
    return Response(0, cut=True) if word == "cut_after" else json_response(200, link.shown())


def _challenge(sandbox: BelvoSandbox, request: Request, link: LinkRecord, kind: str, body: Json) -> Response:
    """Open a challenge. Assumed: until it is answered, the status of the link stays what it was."""
    bank = sandbox.world.institution_of(link)
    sandbox.record_effect(request, link.id, "challenge_opened", changes={"kind": kind}, secrets=_secrets(body))
    pending: Callable[[], None] = lambda: _succeed(sandbox, request, link, "credentials_replaced", body)  # noqa: E731
    return sandbox.challenges.open(link, bank, kind, sandbox.new_request_id(old=bank.old_shapes), pending)


def _succeed(sandbox: BelvoSandbox, request: Request, link: LinkRecord, what: str, body: Mapping[str, Any]) -> None:
    before = link.status
    link.body |= {"status": "valid", "last_accessed_at": stamp(sandbox.clock.now())}
    sandbox.record_effect(request, link.id, what, changes={"status": [before, "valid"]}, secrets=_secrets(body))


def _secrets(body: Mapping[str, Any]) -> dict[str, object]:
    return {name: body[name] for name in SECRET_KEYS if body.get(name)}


def _new_link(sandbox: BelvoSandbox, body: Json, bank: Institution) -> LinkRecord:
    access_mode = body.get("access_mode", "recurrent")
    is_recurrent = access_mode == "recurrent"
    external_id = body.get("external_id")
    username = str(body["username"])
    made = {
        "id": sandbox.world.new_id(),
        "institution": bank.name,
        "access_mode": access_mode,
        "last_accessed_at": None,
        "created_at": stamp(sandbox.clock.now()),
        # Belvo forces null where the id looks like personal data. Assumed: an e-mail address does.
        "external_id": None if external_id and "@" in external_id else external_id,
        "institution_user_id": sandbox.world.user_id(bank.name, username),
        "status": "unconfirmed",
        "created_by": CREATED_BY,
        "refresh_rate": "7d" if is_recurrent else None,
        "credentials_storage": body.get("credentials_storage") or ("store" if is_recurrent else "365d"),
        "fetch_resources": body.get("fetch_resources") or [],
        "stale_in": body.get("stale_in") or "365d",
    }
    return LinkRecord(made, username)
