"""The page of one linked account: diagnosis, what can be done, tabs, live poll, a fresh look."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from huey.contrib.djhuey import HUEY

from dashboard.models import AuditEntry, Customer, LinkedAccount, Operation
from dashboard.registry import rule_named
from dashboard.services import look, mirror
from providers.attention import Attention
from providers.errors import ErrorRule
from providers.outcomes import Unavailable
from providers.sandbox import Fault
from tests import people

from . import factories as make
from .pages import HTMX, client_of, has, words


@pytest.fixture
def ana(belvo: Any) -> Any:
    make.synced()
    return make.agent()


@pytest.fixture
def desk(ana: Any) -> Any:
    return client_of(ana)


@pytest.fixture
def account(ana: Any) -> LinkedAccount:
    return make.account_at(make.PLAIN, status="invalid")


def page(client: Any, account: LinkedAccount, query: str = "") -> Any:
    return client.get(f"/linked-accounts/{account.pk}/{query}")


def live(client: Any, account: LinkedAccount, since: str = "") -> Any:
    return client.get(f"/linked-accounts/{account.pk}/live/?since={since}", headers=HTMX)


def key_in(response: Any) -> str:
    found = re.search(r"live/\?since=([^\"]+)\"", response.content.decode())
    assert found
    return found[1]


# -- what is wrong


def test_the_diagnosis_says_what_who_since_when_and_what_to_press(desk: Any, account: LinkedAccount) -> None:
    text = words(page(desk, account))

    assert "Erebor Bank no longer accepts the password." in text
    for part in (
        "Who must act The customer",
        "Since",
        "Last success",
        "Update credentials",
        "What to say on the phone",
    ):
        assert part in text


def test_a_success_that_the_remote_does_not_tell_is_not_denied(desk: Any, account: LinkedAccount) -> None:
    LinkedAccount.objects.filter(pk=account.pk).update(last_success_at=None)

    assert "Last success none known" in words(page(desk, account))
    assert "none known" in words(desk.get("/linked-accounts/?attention=needs_password&sort=success"))


def test_badge_and_headline_agree_with_the_list(desk: Any, account: LinkedAccount) -> None:
    assert "Needs password" in words(page(desk, account))
    assert account.headline in words(page(desk, account))


def test_evidence_of_the_last_refusal_is_one_disclosure_away(desk: Any, account: LinkedAccount, ana: Any) -> None:
    refused = make.repaired(account, ana, password="locked")
    account.refresh_from_db()

    response = page(desk, account)

    assert account.attention == Attention.CUSTOMER_AT_INSTITUTION
    assert "Who must act The customer, at the institution." in words(response)
    assert f'data-copy="{refused.outcome["request_id"]}"' in response.content.decode()
    assert re.search(r'<details class="fold" open', response.content.decode())


def test_the_button_that_cannot_help_is_not_the_first_one(desk: Any, account: LinkedAccount, ana: Any) -> None:
    make.repaired(account, ana, password="our_keys")

    content = page(desk, account).content.decode()

    primary = re.findall(r'class="btn primary"[^>]*>.*?</svg>([^<]+)', content)
    assert primary == ["Tell an admin"]


def test_actions_that_make_no_sense_say_why(desk: Any, account: LinkedAccount) -> None:
    response = page(desk, account)

    assert "Belvo refreshes no invalid link" in words(response)
    assert "/operations/refresh/" not in response.content.decode()


def test_dangerous_actions_stand_under_settings_only(desk: Any, account: LinkedAccount) -> None:
    assert "/operations/delete/" not in page(desk, account).content.decode()
    assert "/operations/delete/" in page(desk, account, "?tab=settings").content.decode()


def test_a_held_account_offers_nothing_but_the_way_to_who_holds_it(desk: Any, ana: Any) -> None:
    room = make.repaired(make.account_at(make.ASKS_FOR_NUMBER), ana)

    response = page(desk, room.account)

    assert has(response, "mfa-room")
    assert f"/linked-accounts/{room.account_id}/operations/" not in response.content.decode()
    assert "Ana Souza is working on this link" in words(response)


def test_the_customers_other_accounts_are_named_with_their_state(desk: Any, account: LinkedAccount) -> None:
    customer = Customer.objects.create(reference="c-1", name="Ñandú Peña")
    other = make.account_at("gringotts_mx_retail")
    LinkedAccount.objects.filter(pk__in=(account.pk, other.pk)).update(customer=customer)

    response = page(desk, account)

    assert "Ñandú Peña" in words(response) and "Gringotts Bank" in words(response)
    assert f"/linked-accounts/{other.pk}/" in response.content.decode()


def test_without_a_customer_the_page_says_so(desk: Any, account: LinkedAccount) -> None:
    LinkedAccount.objects.filter(pk=account.pk).update(customer=None, external_id="ext-77")

    assert "No customer with the reference ext-77 is known" in words(page(desk, account))


def test_attempts_made_are_counted(desk: Any, account: LinkedAccount, ana: Any) -> None:
    make.repaired(account, ana, password="wrong")

    assert "1 sent in the last 24 hours, 1 without success" in words(page(desk, account))


def test_names_with_markup_are_shown_as_text(desk: Any, account: LinkedAccount) -> None:
    customer = Customer.objects.create(reference="c-2", name="<script>alert(1)</script>\u202e" + "x" * 150)
    LinkedAccount.objects.filter(pk=account.pk).update(customer=customer)

    assert "<script>alert" not in page(desk, account).content.decode()


def test_a_gone_account_shows_its_history_and_offers_nothing(desk: Any, account: LinkedAccount) -> None:
    mirror.mark_gone(account)

    response = page(desk, account)

    assert has(response, "timeline") and "View history" in words(response)
    assert "/operations/" not in response.content.decode().replace("/operations.", "")


def test_an_integration_that_is_not_configured_any_more_can_be_read(
    desk: Any, account: LinkedAccount, settings: Any
) -> None:
    settings.INTEGRATIONS.integrations.pop("belvo")

    response = page(desk, account)

    assert response.status_code == 200
    assert "is not configured any more" in words(response)


# -- tabs


@pytest.mark.parametrize(
    ("tab", "marker"),
    [("overview", "account-overview"), ("settings", "account-settings"), ("calls", "calls"), ("history", "timeline")],
)
def test_each_tab_is_an_address_and_a_fragment(desk: Any, account: LinkedAccount, tab: str, marker: str) -> None:
    whole = page(desk, account, f"?tab={tab}")
    part = desk.get(f"/linked-accounts/{account.pk}/?tab={tab}", headers=HTMX)

    assert has(whole, marker) and has(part, marker)
    assert "<html" in whole.content.decode() and "<html" not in part.content.decode()
    assert "HX-Request-Type" in part["Vary"]


@pytest.mark.parametrize("tab", ["", "nonsense", "x" * 10_240, "%00"])
def test_an_unknown_tab_shows_the_overview(desk: Any, account: LinkedAccount, tab: str) -> None:
    assert has(page(desk, account, f"?tab={tab}"), "account-overview")


def test_calls_are_listed_with_redacted_bodies(desk: Any, account: LinkedAccount, ana: Any) -> None:
    make.repaired(account, ana, password="Canary00word")

    response = page(desk, account, "?tab=calls")

    assert "PUT /api/links/{id}/" in words(response) and "200" in words(response)
    assert "Canary00word" not in response.content.decode()


def test_calls_are_read_page_by_page(desk: Any, account: LinkedAccount) -> None:
    now = timezone.now()
    account.calls.bulk_create(
        account.calls.model(
            account=account, integration="belvo", method="GET", path_template=f"/x{n}/", duration_ms=1,
            at=now - timedelta(seconds=n),
        )
        for n in range(250)
    )  # fmt: skip

    read: list[str] = []
    query = "?tab=calls"
    for _ in range(3):
        html = page(desk, account, query).content.decode()
        read += re.findall(r"<code>GET (/x\d+/)</code>", html)
        following = re.search(r'rel="next" href="([^"]+)"', html)
        query = unescape(following[1]) if following else ""

    assert read == [f"/x{n}/" for n in range(250)]
    assert query == ""


def test_a_page_of_the_history_leads_to_older_ones_and_back(desk: Any, account: LinkedAccount) -> None:
    now = timezone.now()
    account.calls.bulk_create(
        account.calls.model(
            account=account, integration="belvo", method="GET", path_template=f"/x{n}/", duration_ms=1,
            at=now - timedelta(seconds=n),
        )
        for n in range(120)
    )  # fmt: skip

    first = page(desk, account, "?tab=history&kind=calls")
    older = re.search(r'rel="next" href="([^"]+)"', first.content.decode())
    assert older
    second = page(desk, account, unescape(older[1]))

    assert "GET /x99/" in words(first) and "GET /x100/" not in words(first)
    assert "GET /x100/" in words(second) and "GET /x119/" in words(second) and "GET /x99/" not in words(second)
    assert "Newest" in words(second) and "Oldest" in words(second)
    # The tab reads itself again when something happens: it stays where it is.
    assert "older_than=" in re.findall(r'id="account-tab"[^>]*hx-get="([^"]+)"', second.content.decode())[0]


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-01-01", "0001-01-01T00:00:00+14:00", "\x00", "9" * 5_000])
def test_a_moment_that_cannot_be_read_gives_the_newest(desk: Any, account: LinkedAccount, moment: str) -> None:
    account.calls.create(integration="belvo", method="GET", path_template="/newest/", duration_ms=1, at=timezone.now())

    response = desk.get(f"/linked-accounts/{account.pk}/", {"tab": "history", "older_than": moment})

    assert response.status_code == 200
    assert "GET /newest/" in words(response)


# -- live


def test_the_poll_is_silent_until_something_changes(desk: Any, account: LinkedAccount) -> None:
    key = key_in(page(desk, account))
    assert live(desk, account, key).status_code == 204

    snapshot = make.snapshot(account.remote_id, status="token_required", schema_key=account.schema_key)
    mirror.mirror("belvo", snapshot)
    changed = live(desk, account, key)

    assert changed.status_code == 200
    assert "Needs code" in words(changed) and not has(changed, "operation-panel")
    assert changed["HX-Trigger"] == "account-updated"


def test_the_poll_opened_by_hand_leads_to_the_page(desk: Any, account: LinkedAccount) -> None:
    assert desk.get(f"/linked-accounts/{account.pk}/live/").status_code == 302


def test_a_repair_that_settles_changes_the_poll(desk: Any, account: LinkedAccount, ana: Any) -> None:
    key = key_in(page(desk, account))

    make.repaired(account, ana)

    assert "Healthy" in words(live(desk, account, key))


# -- a fresh look


@pytest.fixture
def looks() -> Any:
    """Forget earlier looks and give what is enqueued now."""
    cache.clear()
    HUEY.flush()
    return HUEY.pending


def test_a_stale_page_asks_for_a_look_by_itself_and_a_fresh_one_does_not(desk: Any, account: LinkedAccount) -> None:
    assert '/look/" hx-swap' not in page(desk, account).content.decode().replace('hx-trigger="load"', "")
    fresh = 'hx-trigger="load"' in page(desk, account).content.decode()

    LinkedAccount.objects.filter(pk=account.pk).update(checked_at=timezone.now() - timedelta(hours=5))

    assert not fresh
    assert 'hx-trigger="load"' in page(desk, account).content.decode()


def test_a_look_is_enqueued_once_a_minute(desk: Any, account: LinkedAccount, looks: Any) -> None:
    LinkedAccount.objects.filter(pk=account.pk).update(checked_at=timezone.now() - timedelta(hours=5))

    answers = [desk.post(f"/linked-accounts/{account.pk}/look/", headers=HTMX).status_code for _ in range(3)]

    assert answers == [204, 204, 204]
    assert len(looks()) == 1


def test_a_fresh_account_is_looked_at_only_by_hand(desk: Any, account: LinkedAccount, looks: Any) -> None:
    address = f"/linked-accounts/{account.pk}/look/"

    desk.post(address, headers=HTMX)
    assert looks() == []
    by_hand = desk.post(address, {"now": "true"}, headers=HTMX)

    assert "The provider is being asked" in words(by_hand)
    assert len(looks()) == 1
    assert "less than a minute ago" in words(desk.post(address, {"now": "true"}, headers=HTMX))


def test_a_get_never_looks(desk: Any, account: LinkedAccount, looks: Any) -> None:
    LinkedAccount.objects.filter(pk=account.pk).update(checked_at=None)

    page(desk, account)

    assert desk.get(f"/linked-accounts/{account.pk}/look/").status_code == 302
    assert looks() == []


def test_a_look_brings_the_mirror_up_to_the_remote(account: LinkedAccount, belvo: Any) -> None:
    LinkedAccount.objects.filter(pk=account.pk).update(status="valid", digest="", checked_at=make.long_ago())

    assert look.look_at(str(account.pk))

    account.refresh_from_db()
    assert account.status == "invalid"
    assert account.checked_at is not None and account.checked_at > timezone.now() - timedelta(minutes=1)


def test_a_look_without_an_answer_says_why_until_one_comes(account: LinkedAccount, belvo: Any) -> None:
    before = account.checked_at
    belvo.faults.add(Fault("answer", "GET", status=401, body='[{"code": "authentication_failed"}]'))

    assert not look.look_at(str(account.pk))
    account.refresh_from_db()
    assert (account.status, account.checked_at) == ("invalid", before)
    assert (account.attention, account.cause_code) == (Attention.OUR_KEYS, "belvo.authentication_failed")

    assert look.look_at(str(account.pk))
    account.refresh_from_db()
    assert account.attention == Attention.NEEDS_PASSWORD


def test_a_look_in_somebody_elses_bad_minute_is_forgotten_with_the_next(account: LinkedAccount, belvo: Any) -> None:
    belvo.faults.add(Fault("answer", "GET", times=9, status=503))
    assert not look.look_at(str(account.pk))
    account.refresh_from_db()
    assert account.attention == Attention.PROVIDER_TROUBLE
    belvo.faults.clear()

    assert look.look_at(str(account.pk))
    account.refresh_from_db()

    assert account.attention == Attention.NEEDS_PASSWORD


def test_a_look_without_an_answer_hides_no_refusal(account: LinkedAccount, belvo: Any, ana: Any) -> None:
    make.repaired(account, ana, password="locked")
    belvo.faults.add(Fault("blocked", "GET", times=9))

    assert not look.look_at(str(account.pk))

    account.refresh_from_db()
    assert account.attention == Attention.CUSTOMER_AT_INSTITUTION


def test_a_refusal_that_no_longer_counts_does_not_hide_why_nothing_could_be_read(
    account: LinkedAccount, belvo: Any, ana: Any
) -> None:
    make.repaired(account, ana, password="locked")
    make.repaired(account, ana)
    account.refresh_from_db()
    assert account.attention == Attention.HEALTHY
    LinkedAccount.objects.filter(pk=account.pk).update(
        cause_code="belvo.login_error.locked", cause_evidence={"action": "credentials", "status": "invalid"}
    )
    belvo.faults.add(Fault("answer", "GET", status=401, body='[{"code": "authentication_failed"}]'))

    assert not look.look_at(str(account.pk))

    account.refresh_from_db()
    assert account.attention == Attention.OUR_KEYS


def test_a_refusal_that_came_while_we_were_reading_stays(account: LinkedAccount, belvo: Any, ana: Any) -> None:
    as_it_was = LinkedAccount.objects.get(pk=account.pk)
    make.repaired(account, ana, password="locked")

    mirror.note_unread(as_it_was, Unavailable(rule_of("belvo.service_unavailable")))

    account.refresh_from_db()
    assert account.attention == Attention.CUSTOMER_AT_INSTITUTION


def rule_of(code: str) -> ErrorRule:
    found = rule_named("belvo", code)
    assert found is not None
    return found


# -- roles


@pytest.mark.parametrize("role", ["viewer", "auditor", "admin"])
def test_who_may_only_look_sees_everything_but_buttons(account: LinkedAccount, role: str) -> None:
    response = page(client_of(people.member(role)), account)

    assert "Erebor Bank no longer accepts the password." in words(response)
    assert "Repairing needs the role agent" in words(response)
    assert f"/linked-accounts/{account.pk}/operations/" not in response.content.decode()


def test_nobody_sees_it_signed_out(account: LinkedAccount, client: Any) -> None:
    response = page(client, account)

    assert response.status_code == 302 and "/account/login/" in response["Location"]


def test_nothing_is_written_by_looking(desk: Any, account: LinkedAccount) -> None:
    page(desk, account)
    live(desk, account)

    assert not Operation.objects.exists()


# -- who looked at it


def test_opening_the_page_is_on_record_and_its_polls_are_not(desk: Any, ana: Any, account: LinkedAccount) -> None:
    for _ in range(2):
        page(desk, account)
    live(desk, account)
    desk.get(f"/linked-accounts/{account.pk}/?tab=history", headers=HTMX)

    entry = AuditEntry.objects.get(kind="read")
    assert (entry.action, entry.actor_id, entry.target_id) == ("account.read", str(ana.pk), str(account.pk))


def test_opening_an_operation_is_a_look_at_its_account(desk: Any, ana: Any, account: LinkedAccount) -> None:
    draft = make.draft(account, ana)

    assert desk.get(f"/operations/{draft.pk}/").status_code == 200

    assert AuditEntry.objects.get(kind="read").target_id == str(account.pk)
