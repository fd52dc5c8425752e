"""Double click, second tab, Back, reload, second agent: a write is sent once."""

from __future__ import annotations

from playwright.sync_api import expect

from dashboard.models import AuditEntry, Operation
from dashboard.models.operation import State

from .accounts import (
    CODE_INSTITUTION,
    PLAIN_INSTITUTION,
    account_at,
    apply_button,
    badge,
    open_room,
    panel,
    password_field,
    path_of,
    primary_button,
)
from .browser import SignIn, Watch
from .desk import Desk


def test_a_double_click_sends_once(desk: Desk, sign_in: SignIn) -> None:
    account = account_at(PLAIN_INSTITUTION, status="invalid")
    page = sign_in("agent", path_of(account))
    primary_button(page).click()
    password_field(page).fill("new_password")
    expect(apply_button(page)).to_be_enabled()

    apply_button(page).dblclick()

    expect(panel(page).locator("#receipt")).to_be_visible()
    assert desk.writes_sent == 1
    assert AuditEntry.objects.filter(action="operation.intent").count() == 1


def test_a_second_tab_and_the_back_button_never_send_again(desk: Desk, sign_in: SignIn, watch: Watch) -> None:
    watch.expects(409)
    account = account_at(PLAIN_INSTITUTION, status="invalid")
    page = sign_in("agent", path_of(account))
    primary_button(page).click()
    password_field(page).fill("new_password")
    expect(apply_button(page)).to_be_enabled()
    stale = page.context.new_page()
    stale.goto(desk.address(path_of(account)))
    apply_button(page).click()
    expect(panel(page).locator("#receipt")).to_be_visible()

    page.reload()
    page.goto(desk.address("/customers/"))
    page.go_back()

    expect(badge(page)).to_have_text("Healthy")
    assert desk.writes_sent == 1


def test_a_second_agent_is_told_who_holds_the_link(desk: Desk, sign_in: SignIn, watch: Watch) -> None:
    watch.expects(409)
    account = account_at(CODE_INSTITUTION, status="token_required")
    first = sign_in("agent", path_of(account))
    second = sign_in("second-agent", path_of(account))
    primary_button(second).click()
    password_field(second).fill("other_password")
    expect(apply_button(second)).to_be_enabled()
    open_room(first)

    apply_button(second).click()

    expect(panel(second)).to_contain_text("Agent Person")
    assert Operation.objects.filter(account=account, state=State.AWAITING_TOKEN).count() == 1
