"""What the emulator refuses about a request body before anything is attempted, in Belvo's words."""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from providers.sandbox import Request

from .sandbox_cases import Case, Refusal, refuse
from .sandbox_institutions import Institution

Json = dict[str, Any]
# Every key the owner's documents show for PUT, and those of POST.
CREDENTIALS = ("password", "password2", "token", "username_type", "certificate", "private_key", "encryption_key")
REGISTRATION = ("institution", "username", "username2", "username3", *CREDENTIALS)
ACCESS_MODES = ("single", "recurrent")
STALE_IN = re.compile(r"\d{1,3}d")
EXTRA_OF_BANKS = ("BILLS", "INVESTMENTS", "INVESTMENT_TRANSACTIONS", "EXCHANGES")


def problem(code: str, message: str, name: str) -> Case:
    return Case(400, code, message, {"field": name})


def required(name: str) -> Case:
    return problem("required", "This field is required.", name)


def json_body(request: Request) -> Json:
    """Return the body as an object. Assumed: an empty body is an empty object; another content type is a 415."""
    if not request.body.strip():
        return {}
    if "json" not in request.headers.get("content-type", ""):
        kind = request.headers.get("content-type", "")
        raise Refusal(Case(415, "unsupported_media_type", f'Unsupported media type "{kind}" in request.'))
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Refusal(Case(400, "parse_error", f"JSON parse error - {error}")) from None
    if not isinstance(body, dict):
        message = f"Invalid data. Expected a dictionary, but got {type(body).__name__}."
        raise Refusal(problem("invalid", message, "non_field_errors"))
    return body


def raise_if(problems: list[Case]) -> None:
    if problems:
        raise Refusal(*problems)


def text_problems(body: Mapping[str, Any], names: tuple[str, ...], *, blank_code: str = "null") -> list[Case]:
    """Check that what is given is text. Belvo documents "blank" with a sample whose code is `null`."""
    found = []
    for name in names:
        if name not in body:
            continue
        value = body[name]
        if value is None:
            found.append(problem("null", "This field may not be null.", name))
        elif not isinstance(value, str):
            found.append(problem("invalid", "Not a valid string.", name))
        elif value == "":
            found.append(problem(blank_code, "This field may not be blank.", name))
    return found


def check_uuid(value: object, name: str) -> str:
    if not is_uuid(value):
        raise Refusal(problem("invalid", f"{value} is not a valid UUID.", name))
    return str(uuid.UUID(str(value)))


def is_uuid(value: object) -> bool:
    try:
        uuid.UUID(str(value))
    except ValueError:
        return False
    return True


def check_credentials(body: Mapping[str, Any], bank: Institution) -> None:
    """Check the shape of the fields of PUT (and of POST) against the institution's form."""
    problems = text_problems(body, REGISTRATION, blank_code="blank" if bank.old_shapes else "null")
    has_document = bool(body.get("certificate"))
    for field in bank.form_fields:
        name = field["name"]
        asked = name in CREDENTIALS and field["type"] != "hidden" and not field.get("optional")
        if asked and name not in body and not (has_document and name == "password"):
            problems.append(required(name))
    problems += _document_problems(body)
    problems += [found for field in bank.form_fields if (found := _choice_problem(body, field))]
    raise_if(problems)


def check_format(body: Mapping[str, Any], bank: Institution) -> None:
    """Compare what was typed with the form's own expressions.

    Assumed: characters outside of the documented class are let through, lengths and digits are not: Belvo's own sample
    sends "N3w-passw0rd!" where the form says letters, digits and underscore, and its sandbox refuses 17 characters.
    """
    for field in bank.form_fields:
        value = body.get(field["name"])
        if not isinstance(value, str) or field["type"] in ("hidden", "select") or field["name"] == "token":
            continue
        try:
            fits = re.search(field.get("validation") or "", re.sub(r"\W", "a", value))
        except re.error:
            continue
        if not fits:
            raise refuse("validation_error")


def settings_problems(body: Mapping[str, Any], bank: Institution) -> list[Case]:
    """Check `access_mode`, `stale_in` and `fetch_resources`. Assumed: the words for a wrong `stale_in`."""
    found = text_problems(body, ("access_mode", "stale_in", "credentials_storage"))
    bad = {case.extra["field"] for case in found}
    access_mode, stale_in = body.get("access_mode"), body.get("stale_in")
    if access_mode is not None and "access_mode" not in bad and access_mode not in ACCESS_MODES:
        found.append(problem("invalid_choice", f'"{access_mode}" is not a valid choice.', "access_mode"))
    if isinstance(stale_in, str) and "stale_in" not in bad and not STALE_IN.fullmatch(stale_in):
        found.append(problem("invalid", "This value does not match the required pattern.", "stale_in"))
    if "fetch_resources" in body:
        found += resources_problems(body["fetch_resources"], bank)
    return found


def resources_problems(value: object, bank: Institution) -> list[Case]:
    if value is None:
        return [problem("null", "This field may not be null.", "fetch_resources")]
    if not isinstance(value, list):
        return [Case(400, "not_a_list", f'Expected a list but got type "{type(value).__name__}".')]
    if all(name in bank.resources or _is_extra(name, bank) for name in value):
        return []
    only = f"The institution only supports the following resources: {', '.join(bank.resources)}"
    return [problem("invalid", only, "resources")]


def _is_extra(name: object, bank: Institution) -> bool:
    """Say whether a bank takes a resource that its list does not show. Assumed, from the documented fetch_resources."""
    return bank.body.get("type") == "bank" and name in EXTRA_OF_BANKS


def _choice_problem(body: Mapping[str, Any], field: Mapping[str, Any]) -> Case | None:
    if field["type"] != "select" or not isinstance(body.get(field["name"]), str) or not body[field["name"]]:
        return None
    value = body[field["name"]]
    if value in [choice["code"] for choice in field["values"]]:
        return None
    return problem("invalid_choice", f'"{value}" is not a valid choice.', field["name"])


def _document_problems(body: Mapping[str, Any]) -> list[Case]:
    """Certificate and private key come together, both in base64. Assumed: the codes of these refusals."""
    pair = ("certificate", "private_key")
    given = [name for name in pair if body.get(name)]
    found = [required(name) for name in pair if given and name not in body]
    for name in given:
        try:
            base64.b64decode(str(body[name]), validate=True)
        except (binascii.Error, ValueError):
            found.append(problem("invalid", "Not a valid base64 text.", name))
    return found
