"""Two changes of one record that meet: nothing is lost, what both changed asks, and the log names what it was about."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard import registry
from dashboard.models import AuditEntry, LinkedAccount, Operation
from dashboard.models.operation import State
from dashboard.services import operations
from dashboard.services.conflicts import kept_sections
from dashboard.services.results import OpenRefused, Unchosen
from dashboard.services.rooms import expire_rooms
from providers.attention import Attention
from providers.merge import Side, Verdict
from providers.outcomes import Ok
from providers.secrets import Secret
from tests import people

from . import factories as make
from .pages import HTMX, client_of, digest_in, has, words

CANARY = "canary-token-7781"


@pytest.fixture
def linkar(remote: Any) -> Any:
    return remote.sandboxes["linkar"]


@pytest.fixture
def ana(linkar: Any) -> Any:
    make.synced("linkar")
    return make.agent()


@pytest.fixture
def account(ana: Any) -> LinkedAccount:
    found = LinkedAccount.objects.filter(remote_id__startswith="apidemo/ACCOUNTS/AC").order_by("remote_id")
    return next(each for each in found if {"NAME", "PHONE"} <= {k for k, v in attributes(each).items() if v})


def attributes(account: LinkedAccount) -> dict[str, str]:
    found: dict[str, str] = account.body["attributes"]
    return found


def there_now(account: LinkedAccount) -> dict[str, str]:
    found = registry.provider_for("linkar").fetch(account.remote_id)
    assert isinstance(found, Ok)
    raw: dict[str, str] = found.value.body["attributes"]
    return raw


def somebody_else_changes(account: LinkedAccount, secrets: dict[str, Secret] | None = None, **values: str) -> None:
    """Change the record at Linkar as another client would: our mirror does not hear of it."""
    provider = registry.provider_for("linkar")
    found = provider.fetch(account.remote_id)
    assert isinstance(found, Ok)
    plan = provider.plan_update("edit", found.value, values, frozenset(secrets or {}), None)
    assert isinstance(provider.send(plan, values, secrets or {}), Ok)  # type: ignore[arg-type]


def met(account: LinkedAccount, actor: Any, *, mine: dict[str, str], theirs: dict[str, str]) -> Operation:
    """Send a change that meets another one; return the refused operation."""
    draft = make.draft(account, actor, "edit")
    somebody_else_changes(account, **theirs)
    make.start(draft, actor, values=mine, secrets={})
    return make.settled(draft, State.REFUSED)


def verdicts(operation: Operation) -> dict[str, Verdict]:
    return {section.name: section.verdict for section in kept_sections(operation)}


def on_top(operation: Operation, actor: Any, **choices: Side) -> Operation:
    opened = operations.begin_again(operation, actor=actor, choices=choices)
    assert isinstance(opened, Operation), opened
    return opened


def applied(draft: Operation, actor: Any) -> Operation:
    values = operations.values_of(draft)
    operations.start(draft, values, {}, digest=draft.plan_digest, actor=actor)
    return make.settled(draft)


def conflict_facts(operation: Operation) -> list[dict[str, Any]]:
    entry = AuditEntry.objects.get(operation_id=str(operation.pk), action="operation.outcome")
    found: list[dict[str, Any]] = json.loads(entry.body)["conflict"]
    return found


# -- what is told


def test_each_change_is_told_with_whose_it_is(account: LinkedAccount, ana: Any) -> None:
    refused = met(
        account, ana, mine={"NAME": "Mine", "STATUS": "suspended"}, theirs={"PHONE": "555 000", "NAME": "Theirs"}
    )
    told = verdicts(refused)
    assert {name: told[name] for name in ("NAME", "STATUS", "PHONE")} == {
        "NAME": Verdict.CHOOSE,
        "STATUS": Verdict.MINE,
        "PHONE": Verdict.THEIRS,
    }


def test_the_account_shows_the_conflict_until_it_is_resolved(account: LinkedAccount, ana: Any) -> None:
    refused = met(account, ana, mine={"NAME": "Mine"}, theirs={"PHONE": "555 000"})

    account.refresh_from_db()
    assert account.attention == Attention.CONFLICT
    assert f"/operations/{refused.pk}/" in client_of(ana).get(f"/linked-accounts/{account.pk}/").content.decode()

    applied(on_top(refused, ana), ana)

    account.refresh_from_db()
    assert account.attention != Attention.CONFLICT


def test_what_somebody_else_made_can_be_left_as_it_is(account: LinkedAccount, ana: Any) -> None:
    refused = met(account, ana, mine={"NAME": "Mine"}, theirs={"NAME": "Theirs"})

    response = client_of(ana).post(f"/operations/{refused.pk}/leave/")

    account.refresh_from_db()
    assert response.url == f"/linked-accounts/{account.pk}/"
    assert account.attention != Attention.CONFLICT
    assert AuditEntry.objects.filter(operation_id=str(refused.pk), action="operation.left").exists()


# -- the new draft


def test_disjoint_changes_are_joined_in_one_click(account: LinkedAccount, ana: Any) -> None:
    refused = met(
        account, ana, mine={"NAME": "Mine", "PHONE": attributes(account)["PHONE"]}, theirs={"PHONE": "555 000"}
    )

    joined = on_top(refused, ana)
    done = applied(joined, ana)

    assert joined.previous == refused
    assert done.state == State.DONE
    assert {name: there_now(account)[name] for name in ("NAME", "PHONE")} == {"NAME": "Mine", "PHONE": "555 000"}


def test_what_both_changed_waits_for_a_choice(account: LinkedAccount, ana: Any) -> None:
    original = attributes(account)["NAME"]
    refused = met(account, ana, mine={"NAME": "Mine"}, theirs={"NAME": "Theirs"})

    assert operations.begin_again(refused, actor=ana) == Unchosen(("NAME",))
    assert on_top(refused, ana, NAME=Side.MINE).values == {"NAME": "Mine"}
    assert on_top(refused, ana, NAME=Side.THEIRS).values == {}
    assert on_top(refused, ana, NAME=Side.ORIGINAL).values == {"NAME": original}


def test_lines_that_run_in_parallel_are_one_choice(account: LinkedAccount, ana: Any) -> None:
    found = LinkedAccount.objects.filter(remote_id__startswith="apidemo/ACCOUNTS/AC").order_by("remote_id")
    account = next(each for each in found if attributes(each)["SEATS"].count("\xfd") == 1)
    seats, prices = (attributes(account)[name].split("\xfd") for name in ("SEATS", "PRICE"))
    draft = make.draft(account, ana, "edit")
    somebody_else_changes(account, SEATS=f"{seats[0]}\n77")

    make.start(draft, ana, values={"PRICE": f"9999\n{prices[1]}"}, secrets={})

    refused = make.settled(draft, State.REFUSED)
    assert verdicts(refused)["Services"] == Verdict.CHOOSE
    chosen = on_top(refused, ana, Services=Side.MINE)
    assert chosen.values == {"SEATS": "\n".join(seats), "PRICE": f"9999\n{prices[1]}"}


def test_a_second_conflict_is_handled_like_the_first(account: LinkedAccount, ana: Any) -> None:
    joined = on_top(met(account, ana, mine={"NAME": "Mine"}, theirs={"PHONE": "555 000"}), ana)
    somebody_else_changes(account, PHONE="555 111")

    second = applied(joined, ana)

    assert second.state == State.REFUSED
    assert verdicts(second) == {"NAME": Verdict.MINE, "PHONE": Verdict.THEIRS}
    assert applied(on_top(second, ana), ana).state == State.DONE
    assert {name: there_now(account)[name] for name in ("NAME", "PHONE")} == {"NAME": "Mine", "PHONE": "555 111"}


# -- what is kept


def test_the_versions_rest_sealed_and_for_thirty_days(account: LinkedAccount, ana: Any) -> None:
    refused = met(account, ana, mine={"NAME": "Mine"}, theirs={"PHONE": "canary-theirs-31"})

    assert (refused.values, refused.before) == ({}, {})
    assert b"canary-theirs-31" not in bytes(refused.sealed or b"")
    assert refused.sealed_until is not None
    assert abs(refused.sealed_until - timezone.now() - timedelta(days=30)) < timedelta(minutes=5)

    Operation.objects.filter(pk=refused.pk).update(sealed_until=timezone.now() - timedelta(seconds=1))
    assert expire_rooms() == 1
    refused.refresh_from_db()
    assert refused.sealed is None and kept_sections(refused) == ()
    assert not isinstance(operations.begin_again(refused, actor=ana), (OpenRefused, Unchosen))


def test_the_audit_entry_names_attributes_and_digests_and_no_value(account: LinkedAccount, ana: Any) -> None:
    refused = met(account, ana, mine={"NAME": "Mine-canary"}, theirs={"NAME": "Theirs-canary"})
    fact = next(each for each in conflict_facts(refused) if each["field"] == "NAME")
    assert fact["verdict"] == "choose"
    assert len({fact["base"], fact["mine"], fact["theirs"]}) == 3
    entry = AuditEntry.objects.get(operation_id=str(refused.pk), action="operation.outcome")
    auditor = client_of(people.member("auditor", email="aud@desk.example", name="Aud"))
    page = words(auditor.get(f"/audit/{entry.seq}/"))
    assert "changed by both" in page and fact["mine"] in page and "canary" not in page
    assert not any("canary" in str(entry.body) for entry in AuditEntry.objects.filter(operation_id=str(refused.pk)))


def test_a_secret_is_told_to_have_changed_and_never_shown(account: LinkedAccount, ana: Any) -> None:
    draft = make.draft(account, ana, "edit")
    somebody_else_changes(account, {"TOKEN": Secret("their-" + CANARY)})

    make.start(draft, ana, values={}, secrets={"TOKEN": Secret("my-" + CANARY)})

    refused = make.settled(draft, State.REFUSED)
    page = client_of(ana).get(f"/operations/{refused.pk}/")
    assert verdicts(refused)["TOKEN"] == Verdict.CHOOSE
    assert "changed by them, never shown" in words(page) and "a new one was given, not kept" in words(page)
    assert CANARY not in page.content.decode()
    fact = next(each for each in conflict_facts(refused) if each["field"] == "TOKEN")
    assert fact == {
        "field": "TOKEN",
        "unit": "",
        "verdict": "choose",
        "class": "secret",
        "changed_by": ["mine", "theirs"],
    }
    joined = on_top(refused, ana, TOKEN=Side.MINE)
    assert joined.values == {}
    told = words(client_of(ana).get(f"/operations/{joined.pk}/"))
    assert "Yours only if you type it again" in told and "Yours, put on top" not in told


def test_what_was_entered_can_be_read_when_they_have_deleted_the_record(linkar: Any, ana: Any) -> None:
    account = LinkedAccount.objects.get(remote_id="apidemo/ACCOUNTS/VANISH%2A1")
    draft = make.draft(account, ana, "edit")

    make.start(draft, ana, values={"PHONE": "555 kept"}, secrets={})

    assert make.settled(draft).state == State.FAILED
    told = words(client_of(ana).get(f"/operations/{draft.pk}/"))
    assert "What you had entered Phone 555 kept" in told


# -- the screen


def test_the_screen_shows_three_versions_and_one_button(account: LinkedAccount, ana: Any) -> None:
    desk = client_of(ana)
    refused = met(account, ana, mine={"NAME": "Mine"}, theirs={"PHONE": "555 000"})

    page = desk.get(f"/operations/{refused.pk}/")
    joined = desk.post(f"/operations/{refused.pk}/again/", headers=HTMX)

    assert "Original" in words(page) and "Theirs, there now" in words(page) and "555 000" in words(page)
    assert "Put mine on top of theirs" in words(page)
    assert has(joined, "operation-plan") and "Theirs, kept" in words(joined)
    assert "disabled" not in joined.content.decode().split('id="operation-plan"')[1].split("data-apply")[1][:40]


def test_a_missing_choice_is_asked_for_at_its_place(account: LinkedAccount, ana: Any) -> None:
    desk = client_of(ana)
    refused = met(account, ana, mine={"NAME": "Mine"}, theirs={"NAME": "Theirs"})
    index = [section.name for section in kept_sections(refused)].index("NAME")

    for headers in (HTMX, {}):
        unanswered = desk.post(f"/operations/{refused.pk}/again/", {f"choice_{index}": "nonsense"}, headers=headers)
        assert unanswered.status_code == 422
        assert "Choose one of them" in words(unanswered)
    answered = desk.post(f"/operations/{refused.pk}/again/", {f"choice_{index}": "mine"}, follow=True)

    assert "Nothing is sent yet" in words(answered)
    assert Operation.objects.get(previous=refused).values == {"NAME": "Mine"}


def test_without_javascript_it_is_two_clicks_to_a_merged_save(account: LinkedAccount, ana: Any) -> None:
    desk = client_of(ana)
    refused = met(account, ana, mine={"NAME": "Mine"}, theirs={"PHONE": "555 000"})

    page = desk.post(f"/operations/{refused.pk}/again/", follow=True)
    joined = Operation.objects.get(previous=refused)
    form = page.context["form"]
    posted = {form.add_prefix(name): form[name].value() or "" for name in form.fields}
    desk.post(f"/operations/{joined.pk}/apply/", {**posted, "digest": digest_in(page)})

    assert make.settled(joined).state == State.DONE
    assert {name: there_now(account)[name] for name in ("NAME", "PHONE")} == {"NAME": "Mine", "PHONE": "555 000"}


def test_a_viewer_sees_the_versions_and_no_button(account: LinkedAccount, ana: Any) -> None:
    refused = met(account, ana, mine={"NAME": "Mine"}, theirs={"PHONE": "555 000"})
    viewer = client_of(people.member("viewer", email="vera@desk.example", name="Vera"))

    page = viewer.get(f"/operations/{refused.pk}/")

    assert "555 000" in words(page) and "Put mine on top" not in words(page)
    assert viewer.post(f"/operations/{refused.pk}/leave/").status_code == 403
