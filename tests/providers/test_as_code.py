"""Requests as code: pasted into a shell or into Python they make the same call, and hold no secret."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from providers.as_code import CLIENT_CREDENTIALS, Code, Shown, Signing, TokenCall, code_of, of_log, of_plan
from providers.config import read_configuration
from providers.http import Exchange
from providers.linkar.lkstring import LKSTRING
from providers.linkar.xml_body import XML
from providers.outcomes import Ok
from providers.plan import CallTemplate, Plan
from providers.secrets import Secret
from tests import emulator

from .canned import Asked, CannedServer, as_json

NASTY = 'it\'s "$HOME" `id` \\ \n ü ; # <b> {TOKEN} %41'
KEYS = {"ERP_TOKEN": "k'1\"2$3", "ERP_SECRET_ID": "me", "ERP_SECRET_PASSWORD": "pw", "ERP_API_KEY": "abc"}
in_both = pytest.mark.parametrize("language", ["curl", "python"])


def run(code: Code, language: str, environment: Mapping[str, str] = KEYS) -> str:
    """Run what a person would paste; return what it printed."""
    if language == "curl" and not shutil.which("curl"):
        pytest.skip("there is no curl on this machine")
    command = ["bash", "-euc", code.curl] if language == "curl" else [sys.executable, "-c", code.python]
    path = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "NO_PROXY": "*"}
    done = subprocess.run(command, env=path | dict(environment), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def asked(shown: Shown, signing: Mapping[str, Any], language: str) -> Asked:
    with CannedServer(as_json({})) as server:
        run(code_of(shown, Signing(server.url, **signing), "erp"), language)
        [found] = server.asked
    return found


@in_both
def test_a_body_arrives_as_it_was_whatever_is_in_it(language: str) -> None:
    body = {"name": NASTY, "on": True, "none": None, "list": [1, {"deep": "x" * 200}], "ключ": "þ"}

    found = asked(of_plan(CallTemplate("PUT", "/things/a%2Fb?x=1&y=%20", body)), {}, language)

    assert (found.method, found.path) == ("PUT", "/things/a%2Fb?x=1&y=%20")
    assert found.json == body
    assert found.headers["content-type"] == "application/json"


@in_both
def test_our_keys_come_from_the_environment(language: str) -> None:
    shown = of_plan(CallTemplate("GET", "/", headers={"X-Kind": NASTY.replace("\n", " ").replace("ü", "u")}))

    literal = asked(shown, {}, language)
    by_header = asked(shown, {"headers": {"X-API-TOKEN": "tok {TOKEN}!"}}, language)
    by_basic = asked(shown, {"basic": ("SECRET_ID", "SECRET_PASSWORD")}, language)

    assert by_header.headers["x-api-token"] == f"tok {KEYS['ERP_TOKEN']}!"
    assert literal.headers["x-kind"] == str((shown.headers or {})["X-Kind"]).strip()
    assert by_basic.headers["authorization"] == "Basic bWU6cHc="


@in_both
def test_a_token_is_fetched_first(language: str) -> None:
    with CannedServer(as_json({"token": "t-1"}), as_json({})) as server:
        token = TokenCall(f"{server.url}/token", CLIENT_CREDENTIALS, key="token")
        signing = Signing(server.url, headers={"Authorization": "Bearer {ACCESS_TOKEN}"}, token=token)
        code = code_of(of_plan(CallTemplate("DELETE", "/links/1")), signing, "kit")
        run(code, language, {"KIT_CLIENT_ID": "id &1", "KIT_CLIENT_SECRET": "s=2"})
        first, second = server.asked

    assert first.body == b"grant_type=client_credentials&client_id=id+%261&client_secret=s%3D2"
    assert (second.method, second.headers["authorization"]) == ("DELETE", "Bearer t-1")


@in_both
@pytest.mark.parametrize("media", [XML, LKSTRING], ids=["xml", "text"])
def test_other_formats_are_written_as_they_go_over_the_wire(language: str, media: Any) -> None:
    body = {"RECORDS": [{"LKITEMID": "2", "NAME": "Ada & Co"}]}
    shown = of_log(
        "PUT", "/records", {"Content-Type": media.content_type}, '{"RECORDS": [{"LKITEMID": "2", "NAME": "Ada & Co"}]}'
    )

    found = asked(shown, {"media": (XML, LKSTRING)}, language)

    assert found.body == media.write(body)


@in_both
def test_a_form_is_a_form(language: str) -> None:
    shown = of_log("POST", "/f", {"Content-Type": "application/x-www-form-urlencoded"}, '{"a": "1 &", "b": ["x", "y"]}')

    assert asked(shown, {}, language).body == b"a=1+%26&b=x&b=y"


def test_secrets_have_names_instead_of_values() -> None:
    plan = of_plan(CallTemplate("PUT", "/x", {"password": "{{password}}", "deep": [{"key": "{{private_key}}"}]}))
    logged = of_log("PUT", "/x", {}, '{"password": "•••", "deep": {"pin": "•••"}, "text": "was •••"}')

    assert plan.body == {"password": "<password>", "deep": [{"key": "<private_key>"}]}
    assert logged.body == {"password": "<password>", "deep": {"pin": "<pin>"}, "text": "was <text>"}


def test_what_a_read_asks_for_stands_in_its_address() -> None:
    assert of_plan(CallTemplate("GET", "/consents/", {"number": "{{number}}"})).path == "/consents/?number=<number>"


def test_a_body_that_was_cut_says_so() -> None:
    code = code_of(
        of_log("PUT", "/x", {"Content-Type": "application/json"}, '{"a": "… (cut'), Signing("http://x"), "erp"
    )

    assert "end is missing" in code.note
    compile(code.python, "pasted", "exec")


@in_both
def test_the_plan_of_an_emulated_write_works_when_it_is_pasted(language: str) -> None:
    with emulator.running() as remote:
        found = read_configuration(remote.environment).integrations["belvo"]
        exchanges: list[Exchange] = []
        session = found.provider.open_session(found.values, on_exchange=exchanges.append)
        provider = found.provider(found.values, session)
        page = provider.list()
        assert isinstance(page, Ok)
        base = next(each for each in page.value.items if each.status == "valid")
        plan = provider.plan_update("settings", base, {"stale_in": "42d"}, frozenset(), None)
        assert isinstance(plan, Plan), plan
        keys = {name: value for name, value in remote.environment.items() if "SECRET" in name}

        printed = run(code_of(of_plan(plan.call), provider.signing(), "belvo"), language, keys)

        assert base.remote_id in printed
        [effect] = [each for each in remote.belvo.effects() if each["method"] == "PATCH"]
        assert effect["path"].endswith(plan.call.path)


@in_both
@pytest.mark.parametrize("slug", ["belvo", "flxpoint", "linkar", "moneykit"])
def test_every_call_of_the_log_works_when_it_is_pasted(language: str, slug: str) -> None:
    with emulator.running() as remote:
        found = read_configuration(remote.environment).integrations[slug]
        exchanges: list[Exchange] = []
        session = found.provider.open_session(found.values, on_exchange=exchanges.append)
        provider = found.provider(found.values, session)
        page = provider.list()
        assert isinstance(page, Ok)
        assert isinstance(provider.fetch(page.value.items[0].remote_id), Ok)
        secrets = {
            f"{slug.upper()}_{name}": str(value.reveal() if isinstance(value, Secret) else value)
            for name, value in found.values.items()
        }

        for exchange in exchanges[-1:]:
            shown = of_log(exchange.method, exchange.path, exchange.request_headers, exchange.request_body)
            code = code_of(shown, provider.signing(), slug)
            printed = run(code, language, secrets)
            assert page.value.items[0].remote_id.rpartition("/")[2][:8] in printed
            for value in (each.reveal() for each in found.values.values() if isinstance(each, Secret)):
                assert str(value) not in code.curl + code.python or not value
