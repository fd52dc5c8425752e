"""Whatever the emulator may refuse is in the catalogue: both come from the same documents, read twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from providers.belvo.provider import Belvo
from providers.belvo.sandbox import BelvoSandbox
from providers.belvo.sandbox_cases import CASES
from providers.outcomes import Accepted, NeedsToken, Ok
from providers.plan import Plan
from providers.sandbox import application, serve
from providers.secrets import Secret

from ..contract import got, read_all

UNKNOWN = {"unknown_code"}


@pytest.fixture(scope="module")
def provider() -> Iterator[Belvo]:
    sandbox = BelvoSandbox(rate_limit=None)
    with serve(application({"belvo": sandbox})) as server:
        names = {
            suffix: sandbox.environment(f"{server.url}/belvo")[f"BELVO_{suffix}"]
            for suffix in ("URL", "SECRET_ID", "SECRET_PASSWORD")
        }
        config = {**names, "SECRET_PASSWORD": Secret(names["SECRET_PASSWORD"])}
        yield Belvo(config, Belvo.open_session(config))


@pytest.mark.parametrize("word", CASES)
def test_a_refusal_of_the_emulator_has_a_row(provider: Belvo, word: str) -> None:
    snapshot = next(s for s in read_all(provider.list) if s.schema_key == "erebor_mx_retail")
    schema = got(provider.fetch_schema(snapshot.schema_key))
    plan = provider.plan_update("credentials", snapshot, {}, frozenset({"password"}), schema)
    assert isinstance(plan, Plan)

    outcome = provider.send(plan, {}, {"password": Secret(f"{word}--now")})

    assert not isinstance(outcome, Ok | NeedsToken | Accepted)
    assert outcome.rule is not None
    assert (outcome.rule.code == "unexpected_response") == (word in UNKNOWN)
    assert outcome.evidence.remote_code == CASES[word].code
