"""One pass over an integration: everything seen, nothing lost, and honest about where it broke off."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from dashboard.models import ApiCall, AuditEntry, LinkedAccount, RemoteSchema, SyncRun
from dashboard.services import sync
from dashboard.services.audit import AuditUnavailable
from providers.attention import Attention
from providers.belvo import client
from providers.config import read_configuration
from providers.sandbox import Fault

from . import factories as make


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LINKS_PER_PAGE", 25)


def test_a_pass_brings_schemas_and_every_account(belvo: Any, small_pages: None) -> None:
    run = sync.run("belvo")

    assert run.result == "complete"
    assert run.seen == run.created == LinkedAccount.objects.count() == len(belvo.world.links)
    assert RemoteSchema.objects.count() == len(belvo.world.institutions)
    assert run.ended_at is not None


def test_a_second_pass_changes_nothing(belvo: Any) -> None:
    sync.run("belvo")
    before = dict(LinkedAccount.objects.values_list("pk", "version"))

    run = sync.run("belvo")

    assert (run.created, run.changed, run.gone) == (0, 0, 0)
    assert dict(LinkedAccount.objects.values_list("pk", "version")) == before


def test_only_what_changed_is_written(belvo: Any) -> None:
    sync.run("belvo")
    link = next(link for link in belvo.world.links.values() if link.status == "valid")
    link.body["status"] = "invalid"

    run = sync.run("belvo")

    assert run.changed == 1
    assert LinkedAccount.objects.get(remote_id=link.id).version == 2


def test_a_link_that_is_gone_is_asked_for_before_it_is_marked(belvo: Any) -> None:
    sync.run("belvo")
    gone_id = next(iter(belvo.world.links))
    belvo.world.links.pop(gone_id)

    run = sync.run("belvo")

    account = LinkedAccount.objects.get(remote_id=gone_id)
    assert run.gone == 1
    assert account.attention == Attention.ENDED
    assert ApiCall.objects.filter(path_template="/api/links/{id}/", status=404).count() == 1


def test_absence_alone_marks_nothing_gone(belvo: Any) -> None:
    sync.run("belvo")
    link_id = next(iter(belvo.world.links))
    link = belvo.world.links.pop(link_id)
    belvo.faults.add(Fault("answer", method="GET", path=f"*/links/{link_id}/", status=503, times=10))

    run = sync.run("belvo")

    belvo.world.links[link_id] = link
    assert run.result == "partial"
    assert run.gone == 0
    assert not LinkedAccount.objects.get(remote_id=link_id).is_gone


def test_absent_accounts_are_asked_for_oldest_first_and_not_all_at_once(
    belvo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "MAX_ABSENT_FETCHED", 3)
    sync.run("belvo")
    absent = list(belvo.world.links)[:5]
    for number, link_id in enumerate(absent):
        belvo.world.links.pop(link_id)
        LinkedAccount.objects.filter(remote_id=link_id).update(checked_at=make.long_ago() + timedelta(days=number))

    assert sync.run("belvo").gone == 3
    assert LinkedAccount.objects.filter(remote_id__in=absent[:3], gone_at__isnull=False).count() == 3
    assert sync.run("belvo").gone == 2


def test_a_pass_that_breaks_off_half_way_is_partial_with_the_evidence(belvo: Any, small_pages: None) -> None:
    def fail_after_first(progress: sync.Progress) -> None:
        if progress.stage == "accounts":
            belvo.faults.add(Fault("answer", method="GET", path="*/links/*", status=503, times=10))

    run = sync.run("belvo", on_progress=fail_after_first)

    assert run.result == "partial"
    assert run.seen == LinkedAccount.objects.count() == 25
    assert run.failure["http_status"] == 503
    assert run.failure["sentence"]


def test_a_pass_that_gets_nowhere_is_failed(belvo: Any) -> None:
    belvo.faults.add(Fault("answer", method="GET", status=503, times=20))

    run = sync.run("belvo")

    assert run.result == "failed"
    assert run.failure["type"] == "unavailable"
    assert AuditEntry.objects.get().action == "sync.failed"


def test_a_pass_waits_where_the_remote_says_slow_down(belvo: Any) -> None:
    belvo.faults.add(Fault("answer", method="GET", path="*/links/*", status=429, headers={"Retry-After": "7"}))
    waited: list[float] = []

    run = sync.run("belvo", sleep=lambda wait_s: (waited.append(wait_s), open_the_gate())[0])

    assert run.result == "complete", run.failure
    assert waited
    assert all(0 < wait_s <= 60 for wait_s in waited)


def open_the_gate() -> None:
    """Do as if the time had passed: the shared gate is paused for as long as the remote said."""
    from dashboard.models import RateGate

    RateGate.objects.update(full_at=0)


def test_a_pass_does_not_wait_for_ever(belvo: Any) -> None:
    belvo.faults.add(Fault("answer", method="GET", status=429, headers={"Retry-After": "3"}, times=500))
    waited: list[float] = []

    run = sync.run("belvo", sleep=lambda wait_s: (waited.append(wait_s), open_the_gate())[0])

    assert run.result == "failed"
    assert run.failure["type"] == "rate_limited"
    assert len(waited) <= sync.MAX_WAITS


def test_a_pass_is_in_the_audit_log_with_its_counts(belvo: Any) -> None:
    run = sync.run("belvo")

    entry = AuditEntry.objects.get(action="sync.complete")
    assert (entry.kind, entry.actor, entry.integration) == ("system", "Linkdesk", "belvo")
    assert json.loads(entry.body)["seen"] == run.seen


def test_without_an_audit_log_a_pass_is_failed(belvo: Any, settings: Any) -> None:
    settings.AUDIT_KEYS = []

    with pytest.raises(AuditUnavailable):
        sync.run("belvo")

    assert SyncRun.objects.get().result == "failed"


def test_two_passes_at_once_are_one(belvo: Any) -> None:
    second: list[Any] = []

    def another(progress: sync.Progress) -> None:
        if not second:
            with pytest.raises(sync.SyncUnderWay) as refused:
                sync.run("belvo")
            second.append(refused.value)

    assert sync.run("belvo", on_progress=another).result == "complete"

    assert second
    assert SyncRun.objects.count() == 1


def test_a_pass_whose_process_is_gone_does_not_block_the_next(belvo: Any) -> None:
    dead = SyncRun.objects.create(integration="belvo", beat_at=timezone.now() - timedelta(minutes=11))

    assert sync.run("belvo").result == "complete"

    dead.refresh_from_db()
    assert dead.result == "failed"
    assert "ended" in dead.failure["sentence"]


def test_a_fault_of_ours_ends_the_pass(belvo: Any) -> None:
    def broken(progress: sync.Progress) -> None:
        raise RuntimeError("ours")

    with pytest.raises(RuntimeError):
        sync.run("belvo", on_progress=broken)

    assert SyncRun.objects.get().result == "failed"
    assert sync.run("belvo").result == "complete"


# -- the command


def test_the_command_prints_counts(belvo: Any) -> None:
    out = io.StringIO()

    call_command("sync", "belvo", stdout=out)

    lines = out.getvalue().splitlines()
    count = LinkedAccount.objects.count()
    assert lines[-1] == f"belvo: complete, {count} seen, {count} new, 0 changed, 0 gone."
    assert "\r" not in out.getvalue()


def test_the_command_draws_a_bar_on_a_terminal(belvo: Any) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()

    call_command("sync", stdout=out)

    assert "█" in out.getvalue()
    assert "\r" in out.getvalue()


def test_an_unknown_integration_is_named_with_those_there_are(belvo: Any) -> None:
    with pytest.raises(CommandError, match=r"no integration “erp”.*Configured: belvo"):
        call_command("sync", "erp")


def test_a_failed_pass_fails_the_command_and_says_why(belvo: Any) -> None:
    belvo.faults.add(Fault("answer", method="GET", status=503, times=20))
    out, err = io.StringIO(), io.StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("sync", stdout=out, stderr=err)

    assert ended.value.code == 1
    assert "failed" in out.getvalue()
    assert err.getvalue().strip()


def test_a_pass_that_is_under_way_does_not_keep_the_others_from_theirs(remote: Any, settings: Any) -> None:
    settings.INTEGRATIONS = read_configuration({**remote.environment, "INTEGRATIONS": "belvo,linkar"})
    SyncRun.objects.create(integration="belvo", beat_at=timezone.now())
    out, err = io.StringIO(), io.StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("sync", stdout=out, stderr=err)

    assert ended.value.code == 1
    assert "belvo" in err.getvalue()
    assert "linkar: complete" in out.getvalue()
