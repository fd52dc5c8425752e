"""Marked passwords, codes and API secrets are in no row, log, page or session; a planted one is found."""

from __future__ import annotations

import base64

from playwright.sync_api import Page, expect

from dashboard.models import Customer, Operation

from .. import canary
from .accounts import (
    FEED_CONNECTION,
    GOOD_CODE,
    PLAIN_INSTITUTION,
    PLAIN_RECORD,
    account_at,
    account_with_id,
    apply_button,
    begin,
    code_field,
    healthy_link,
    input_of,
    panel,
    password_field,
    path_of,
    primary_button,
)
from .browser import SignIn, Watch
from .desk import PASSWORD, Desk
from .second_factor import give_password, set_up_app

SMS_INSTITUTION = "heimdall_co_retail"
# Short enough for the form of the institution.
NEW_PASSWORD = "canary_pw_7f3a91"
REFUSED_PASSWORD = "wrong__canary_5d"
ECHOED_PASSWORD = "echo_canary_91xz"
LOST_PASSWORD = "cut_after__can4r"
# The emulator of Flxpoint repeats the second one in its refusal.
CONFIG_PASSWORD = "canary-config-5b21"
ECHOED_CONFIG = "case-echo-canary-77"
RECORD_TOKEN = "tk_canary_mine_8831"
THEIR_TOKEN = "tk_canary_theirs_410"
KEYS = ("MONEYKIT_CLIENT_SECRET", "FLXPOINT_TOKEN", "LINKAR_API_KEY", "LINKAR_CLIENT_SECRET")


def kept_by(desk: Desk, watch: Watch) -> dict[str, bytes]:
    pages = {f"page {number}": text.encode() for number, text in enumerate(watch.pages_seen)}
    emulator = {
        f"emulator of {slug}": repr((sandbox.effects(), sandbox.requests())).encode()
        for slug, sandbox in desk.emulator.sandboxes.items()
    }
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
    give_password(page, "agent@desk.example", PASSWORD)
    set_up_app(page)
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
    secrets += [desk.environment[name] for name in ("SECRET_KEY", "AUDIT_KEYS", "FIELD_KEYS", "ANCHOR_KEYS")]
    secrets.append(base64.b64encode(f"{desk.environment['BELVO_SECRET_ID']}:{key}".encode()).decode())
    kept = kept_by(desk, watch)
    assert len(watch.pages_seen) > 20
    assert Operation.objects.filter(account=sms, tokens_sent=2).exists()
    assert canary.places_with(secrets, kept) == []
    # Six digits turn up by chance in hashes and times: look where a person or a log would have written them.
    said = {name: text for name, text in kept.items() if name.startswith("page ") or name.endswith(".log")}
    assert canary.places_with(["740916"], said) == []


def test_secrets_of_the_other_providers_are_kept_nowhere(desk: Desk, sign_in: SignIn, watch: Watch) -> None:
    watch.keeps_bodies = True
    desk.start_worker()
    page = sign_in("agent", f"{path_of(healthy_link())}?tab=settings")

    begin(page, "Edit webhook and tags").click()
    input_of(page, "link_tags").fill("vip:canary-run")
    apply_button(page).click()
    expect(panel(page).locator("#receipt")).to_be_visible()
    page.goto(desk.address(path_of(account_with_id("flxpoint", FEED_CONNECTION))))
    for typed, outcome in ((CONFIG_PASSWORD, "#receipt"), (ECHOED_CONFIG, "#outcome-card")):
        begin(page, "Edit configs").click()
        input_of(page, "password").fill(typed)
        expect(panel(page)).to_contain_text("a new one is given")
        apply_button(page).click()
        expect(panel(page).locator(outcome)).to_be_visible()
        page.goto(page.url)
    record = account_with_id("linkar", PLAIN_RECORD)
    page.goto(desk.address(path_of(record)))
    begin(page, "Edit record").click()
    input_of(page, "TOKEN").fill(RECORD_TOKEN)
    expect(panel(page)).to_contain_text("a new one is given")
    desk.emulator.linkar.change("ACCOUNTS", record.body["id"], {11: THEIR_TOKEN})
    apply_button(page).click()
    expect(panel(page).locator("#conflict")).to_contain_text("never shown")
    for account in (record, account_with_id("flxpoint", FEED_CONNECTION), healthy_link()):
        for tab in ("overview", "calls", "history"):
            page.goto(desk.address(f"{path_of(account)}?tab={tab}"))
    sign_in("auditor", "/audit/")

    secrets = [CONFIG_PASSWORD, ECHOED_CONFIG, RECORD_TOKEN, THEIR_TOKEN, "S4mple-Only-Pw", "shpat_sample_only"]
    secrets += [desk.environment[name] for name in KEYS]
    secrets += [*desk.emulator.moneykit.tokens]
    assert desk.emulator.moneykit.tokens
    assert len(watch.pages_seen) > 15
    assert canary.places_with(secrets, kept_by(desk, watch)) == []


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
