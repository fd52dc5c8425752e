"""MoneyKit keeps the contract of all providers; each row of its catalogue has a sample here."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from providers.moneykit.codes import LINK_CODES
from providers.moneykit.sandbox import CLIENT_SECRET, MoneyKitSandbox
from providers.sandbox import application, serve

from ..canned import Answer, as_json
from ..contract import Entries, ProviderContract, Remote, Sample
from .support import SAMPLES, answer, sample


def bad_state(code: str | None) -> Answer:
    """Return the documented 422 with another `link_error_code`."""
    return as_json({**sample("error_422"), "link_error_code": code}, 422)


def row(code: str, found: Answer, by: str) -> Sample:
    return Sample(f"moneykit.{code}", found, by)


ROWS = (
    *(row(f"bad_state.{code}", bad_state(code), "settings") for code in LINK_CODES),
    row("bad_state.auth_expired", answer("error_422"), "refresh"),
    row("bad_state", bad_state("quantum_decoherence"), "settings"),
    row("bad_state", bad_state(None), "reset"),
    row("not_found", answer("error_404"), "fetch"),
    row("not_found", answer("error_404"), "settings"),
    row("deleted", answer("error_410"), "fetch"),
    row("deleted", answer("error_410"), "delete"),
    row("forbidden_action", answer("error_403"), "refresh"),
    row("other_app", answer("error_401_link_unauthorized_access"), "settings"),
    row("bad_config", answer("error_400_bad_config"), "test_webhook"),
    row("forbidden_config", answer("error_403_forbidden_config"), "repair_link"),
    row("invalid_token_exchange", answer("error_400_invalid_token_exchange"), "repair_link"),
    row("institution_not_found", answer("error_404_institution"), "fetch_schema"),
    row("validation_failed", answer("error_422_validation"), "settings"),
    # The status of a validation error is a guess: any does.
    row("validation_failed", Answer(400, (SAMPLES / "error_422_validation.json").read_bytes()), "settings"),
    row("unauthorized", answer("error_401_unauthorized"), "list"),
    row("unauthorized", answer("error_400_invalid_grant_type"), "settings"),
    row("token_expired", answer("error_401"), "settings"),
    row("rate_limited", answer("error_429"), "refresh"),
    row("too_many_requests", Answer(429, b"<html>slow down", "text/html"), "list"),
    row("out_of_order", Answer(503, b"<html>", "text/html"), "delete"),
    row("wrong_address", Answer(404, b"<html>nginx</html>", "text/html"), "list"),
    row("cursor_unusable", as_json({"links": [], "next_cursor": ""}), "odd cursor"),
)


class TestMoneyKitContract(ProviderContract):
    """With the pair of headers: then each call is one request, as the canned answers of the contract want it."""

    slug = "moneykit"
    samples = ROWS
    entries: ClassVar[dict[str, Entries]] = {
        "settings": Entries(values={"webhook": "", "link_tags": ("vip:yes", "new:tag")}),
        "refresh": Entries(values={"products": ("accounts",), "may_be_billed": True}),
    }
    webhook = (SAMPLES / "webhook_link_state_changed_error.json").read_bytes()
    auth = "headers"

    @pytest.fixture
    def remote(self) -> Iterator[Remote]:
        box = MoneyKitSandbox()
        with serve(application({"moneykit": box})) as server:
            environment = box.environment(f"{server.url}/moneykit")
            remote = Remote("moneykit", {**environment, "MONEYKIT_AUTH": self.auth})
            # Links with a case of their own come last: the contract wants ones with which things work.
            remote.snapshots.sort(key=lambda found: any("case:" in tag or "odd:" in tag for tag in found.tags))
            yield remote

    def ask(self, remote: Remote, provider: Any, by: str) -> Any:
        return provider.list("not a cursor of ours") if by == "odd cursor" else super().ask(remote, provider, by)

    def test_a_secret_shows_up_nowhere(self, remote: Remote, caplog: pytest.LogCaptureFixture) -> None:
        """MoneyKit's forms have no secrets: what must not show are our own and the session's."""
        caplog.set_level(logging.DEBUG)
        shown: list[Any] = []

        for action in remote.provider.actions:
            plan, secrets, values = self.plan_of(remote, action)
            shown += [plan, plan.to_json(), remote.provider.send(plan, values, secrets)]

        handover = next(found.value for found in shown if hasattr(getattr(found, "value", None), "session"))
        told = repr([shown, remote.exchanges]) + caplog.text + repr([record.__dict__ for record in caplog.records])
        assert remote.exchanges
        assert handover.session.reveal() not in told
        assert CLIENT_SECRET not in told


class TestMoneyKitContractByToken(TestMoneyKitContract):
    """The same over a token. What a canned server cannot tell apart, token or call, is tested in `test_session.py`."""

    auth = "token"
    test_every_sample_leads_to_its_row = None  # type: ignore[assignment]
    test_a_write_without_an_answer_may_have_been_applied = None  # type: ignore[assignment]


def test_every_sample_of_an_error_has_a_row() -> None:
    used = {json.dumps(json.loads(one.answer.body)) for one in ROWS if one.answer.body.startswith(b"{")}

    for file in SAMPLES.glob("error_*.json"):
        assert json.dumps(json.loads(file.read_bytes())) in used, file.name
