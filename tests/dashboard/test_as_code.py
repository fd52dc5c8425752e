"""“Copy as code” on plans and in the call log: the exact request, keys and secrets by name."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.models import ApiCall
from tests import people

from . import factories as make
from .pages import HTMX, client_of, has, opened, typed, words

CANARY = "Canary0passw0rd"


@pytest.fixture
def ana(belvo: Any) -> Any:
    make.synced()
    return make.agent()


def test_a_plan_can_be_copied_with_its_secret_by_name(ana: Any) -> None:
    account = make.account_at(make.PLAIN, status="invalid")
    desk = client_of(ana)
    draft = opened(desk, account, "credentials")

    seen = typed(desk, draft, password=CANARY)

    text = words(seen)
    assert "curl --request PUT http://127.0.0.1" in text and f"/api/links/{account.remote_id}/" in text
    assert '"$BELVO_SECRET_ID:$BELVO_SECRET_PASSWORD"' in text
    assert 'os.environ["BELVO_SECRET_PASSWORD"]' in text.replace("'", '"')
    assert "<password>" in text and CANARY not in seen.content.decode()


def test_an_empty_plan_has_no_code(ana: Any) -> None:
    desk = client_of(ana)
    draft = opened(desk, make.account_at(make.PLAIN), "settings")

    assert "Copy as code" not in words(desk.get(f"/operations/{draft.pk}/"))


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_a_call_of_the_log_can_be_copied(ana: Any, headers: dict[str, str]) -> None:
    account = make.account_at(make.PLAIN, status="invalid")
    make.repaired(account, ana, password=CANARY)
    call = ApiCall.objects.filter(account=account, method="PUT").latest("at")

    shown = client_of(people.member("viewer", email="vera@desk.example", name="Vera")).get(
        f"/calls/{call.pk}/code/", headers=headers
    )

    assert shown.status_code == 200 and has(shown, f"code-{call.pk}")
    assert "curl --request PUT" in words(shown) and "<password>" in words(shown)
    assert CANARY not in shown.content.decode()
    assert f"/calls/{call.pk}/code/" in client_of(ana).get(f"/linked-accounts/{account.pk}/?tab=calls").content.decode()


def test_a_call_of_an_integration_that_is_gone_says_so(ana: Any, settings: Any) -> None:
    call = ApiCall.objects.create(integration="old", method="GET", path_template="/x", path="/x", duration_ms=1)

    assert "not configured any more" in words(client_of(ana).get(f"/calls/{call.pk}/code/"))
