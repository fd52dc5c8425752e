"""Marked passwords, codes and API secrets are in no row, log, page or session; a planted one is found."""

from __future__ import annotations

import base64

from playwright.sync_api import Page, expect

from dashboard.models import Customer, Operation

from .. import canary
from .accounts import (
    GOOD_CODE,
    PLAIN_INSTITUTION,
    account_at,
    apply_button,
    code_field,
    panel,
    password_field,
    path_of,
    primary_button,
)
from .browser import SignIn, Watch
from .desk import PASSWORD, Desk

SMS_INSTITUTION = "heimdall_co_retail"
# Short enough for the form of the institution.
NEW_PASSWORD = "canary_pw_7f3a91"
REFUSED_PASSWORD = "wrong__canary_5d"
ECHOED_PASSWORD = "echo_canary_91xz"
LOST_PASSWORD = "cut_after__can4r"


def kept_by(desk: Desk, watch: Watch) -> dict[str, bytes]:
    pages = {f"page {number}": text.encode() for number, text in enumerate(watch.pages_seen)}
    emulator = {"emulator": repr((desk.emulator.belvo.effects(), desk.emulator.belvo.requests())).encode()}
    return (
        canary.database_as_bytes()
        | canary.sessions_as_text()
        | canary.everything_on_disk([desk.folder])
        | pages
        | emulator
    )


def replace_password(page: Page, address: str, password: str) -> None:
    page.goto(address)
    primary_button(page).click()
    password_field(page).fill(password)
    expect(apply_button(page)).to_be_enabled()
    apply_button(page).click()


def test_secrets_are_kept_nowhere(desk: Desk, sign_in: SignIn, watch: Watch) -> None:
    watch.keeps_bodies = True
    desk.start_worker()
    page = sign_in("", "/account/login/")
    page.get_by_label("E-mail address").fill("agent@desk.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    plain = desk.address(path_of(account_at(PLAIN_INSTITUTION, status="invalid")))

    replace_password(page, plain, REFUSED_PASSWORD)
    expect(panel(page).locator("#outcome-card")).to_be_visible()
    replace_password(page, plain, ECHOED_PASSWORD)
    expect(panel(page).locator("#outcome-card")).to_be_visible()
    replace_password(page, plain, LOST_PASSWORD)
    expect(panel(page).locator("#receipt, #outcome-card")).to_be_visible(timeout=20_000)
    sms = account_at(SMS_INSTITUTION, status="token_required")
    replace_password(page, desk.address(path_of(sms)), NEW_PASSWORD)
    code_field(page).fill("740916")
    panel(page).get_by_role("button", name="Send code").click()
    expect(panel(page)).to_contain_text("did not accept that code")
    code_field(page).fill(GOOD_CODE)
    panel(page).get_by_role("button", name="Send code").click()
    expect(panel(page).locator("#receipt")).to_be_visible()
    for tab in ("calls", "history"):
        page.goto(desk.address(f"{path_of(sms)}?tab={tab}"))
    sign_in("auditor", "/audit/")

    key = desk.environment["BELVO_SECRET_PASSWORD"]
    secrets = [NEW_PASSWORD, REFUSED_PASSWORD, ECHOED_PASSWORD, LOST_PASSWORD, PASSWORD, key]
    secrets += [desk.environment[name] for name in ("SECRET_KEY", "AUDIT_KEYS", "FIELD_KEYS")]
    secrets.append(base64.b64encode(f"{desk.environment['BELVO_SECRET_ID']}:{key}".encode()).decode())
    kept = kept_by(desk, watch)
    assert len(watch.pages_seen) > 20
    assert Operation.objects.filter(account=sms, tokens_sent=2).exists()
    assert canary.places_with(secrets, kept) == []
    # Six digits turn up by chance in hashes and times: look where a person or a log would have written them.
    said = {name: text for name, text in kept.items() if name.startswith("page ") or name.endswith(".log")}
    assert canary.places_with(["740916"], said) == []


def test_a_planted_secret_is_found(desk: Desk, sign_in: SignIn, watch: Watch) -> None:
    watch.keeps_bodies = True
    customer = Customer.objects.create(reference=NEW_PASSWORD, name="Planted")
    with (desk.folder / "web.log").open("a") as log:
        log.write(base64.b64encode(f"x{REFUSED_PASSWORD}".encode()).decode())
    page = sign_in("agent", f"/customers/{customer.pk}/")
    expect(page.get_by_role("heading", name="Planted")).to_be_visible()
    watch.wait_for_body_with(page, "Planted")

    found = canary.places_with([NEW_PASSWORD], kept_by(desk, watch))
    found_in_log = canary.places_with([REFUSED_PASSWORD], kept_by(desk, watch))

    assert any(place.startswith("page") for place in found)
    assert any(place.endswith(("-wal", ".sqlite3", "pg_dump")) for place in found)
    assert any(place.endswith("web.log") for place in found_in_log)
