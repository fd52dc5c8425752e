"""What a role may not do is absent from its pages and refused by the server, whatever the provider."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from dashboard.models import LinkedAccount, Operation, User
from dashboard.models.operation import State
from dashboard.registry import pure
from dashboard.services import operations

from .accounts import (
    FEED_CONNECTION,
    PLAIN_INSTITUTION,
    PLAIN_RECORD,
    account_at,
    account_with_id,
    healthy_link,
    panel,
    path_of,
)
from .browser import SignIn, Watch
from .desk import Desk

ACCOUNTS: dict[str, Callable[[], LinkedAccount]] = {
    "belvo": lambda: account_at(PLAIN_INSTITUTION, status="invalid"),
    "moneykit": healthy_link,
    "flxpoint": lambda: account_with_id("flxpoint", FEED_CONNECTION),
    "linkar": lambda: account_with_id("linkar", PLAIN_RECORD),
}
ACTION = {"belvo": "credentials", "moneykit": "settings", "flxpoint": "configs", "linkar": "edit"}
STEPS = ("preview", "apply", "token", "cancel", "again", "leave")


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    return shared_desk


@pytest.mark.parametrize("slug", ACCOUNTS)
def test_a_viewer_sees_no_way_to_write_and_is_refused(desk: Desk, sign_in: SignIn, watch: Watch, slug: str) -> None:
    watch.expects(403)
    account = ACCOUNTS[slug]()
    draft = operations.open_draft(account, ACTION[slug], actor=User.objects.get(email="agent@desk.example"))
    assert isinstance(draft, Operation)
    page = sign_in("viewer", path_of(account))

    for path in (f"{path_of(account)}?tab={tab}" for tab in ("overview", "settings", "calls", "history")):
        page.goto(desk.address(path))
        assert page.locator("form[action*='/operations/']").count() == 0, path
    page.goto(desk.address(f"/operations/{draft.pk}/"))
    expect(panel(page).get_by_role("button")).to_have_count(0)

    token = page.locator("input[name='csrfmiddlewaretoken']").first.get_attribute("value")
    writes = [f"{path_of(account)}operations/{action.name}/" for action in pure(account.integration).actions]
    for path in (*writes, *(f"/operations/{draft.pk}/{step}/" for step in STEPS)):
        answer = page.request.post(
            desk.address(path), form={"csrfmiddlewaretoken": str(token)}, headers={"Referer": page.url}
        )
        assert answer.status == 403, path
        assert "repair linked accounts" in answer.text() and "Agent Person" in answer.text()

    draft.refresh_from_db()
    assert draft.state == State.DRAFT
    assert Operation.objects.filter(account=account).count() == 1
    assert desk.emulator.sandboxes[slug].effects() == []
