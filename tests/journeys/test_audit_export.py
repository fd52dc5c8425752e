"""Journey 11: who changed this webhook, prove it. The proof is checked by another process without a network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from playwright.sync_api import expect

from dashboard import signing
from dashboard.models import AuditEntry
from dashboard.services import audit
from dashboard.services.audit import Actor, Kind, Target

from .accounts import healthy_link
from .browser import Hand, SignIn, axe_violations, sideways
from .desk import ROOT, Desk

VERIFIER = ROOT / "dashboard" / "audit_verifier.py"
ANA = Actor("1", "Ana Souza <ana@desk.example>", "agent")


def change_the_webhook() -> AuditEntry:
    account = healthy_link()
    before, after = ({"url": f"https://{name}.example/hook", "digest": name * 6} for name in ("ab", "cd"))
    change = {"field": "webhook", "class": "url", "label": "Webhook", "before": before, "after": after}
    facts = {"changes": [change], "reason": "asked for by the customer"}
    return audit.record(
        Kind.INTENT, "operation.intent", actor=ANA, target=Target.of(account), integration="moneykit", facts=facts
    )


def check(bundle: Path) -> tuple[int, str]:
    """Run the verifier as an auditor does: alone, and where the system allows it without any network."""
    offline = ["unshare", "-rn"] if _can_unshare() else []
    keys = [part for name, key in signing.public_keys().items() for part in ("--public-key", f"{name}={key}")]
    command = [*offline, sys.executable, "-I", str(VERIFIER), str(bundle), *keys]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env={}, cwd=bundle.parent)
    return answer.returncode, answer.stdout + answer.stderr


def _can_unshare() -> bool:
    return (
        shutil.which("unshare") is not None and subprocess.run(["unshare", "-rn", "true"], check=False).returncode == 0
    )


def rewritten(bundle: Path, name: str, change: Callable[[list[bytes]], Sequence[bytes]]) -> Path:
    """Return a copy of the bundle with the lines of its entries changed and nothing else."""
    copy = bundle.with_name(name)
    with zipfile.ZipFile(bundle) as source, zipfile.ZipFile(copy, "w") as target:
        for member in source.namelist():
            body = source.read(member)
            if member == "entries.jsonl":
                body = b"".join(change(body.splitlines(keepends=True)))
            target.writestr(member, body)
    return copy


def test_who_changed_the_webhook_and_the_proof(desk: Desk, sign_in: SignIn, tmp_path: Path) -> None:
    entry = change_the_webhook()
    desk.start_worker()
    page = sign_in("auditor", "/audit/")
    hand = Hand(page)

    # One query, one click to the diff.
    hand.type(page.locator("#id_q"), "webhook ana@desk.example")
    hand.enter(page.locator("#id_q"))
    hand.click(page.locator(f"#entry-{entry.seq}"))
    expect(page.locator("table.diff")).to_contain_text("https://cd.example/hook")
    assert (hand.entries, hand.clicks) == (1, 1)

    # Two clicks to the bundle.
    page.go_back()
    hand.click(page.get_by_role("button", name="Export these entries"))
    download = page.get_by_role("link", name="Download")
    expect(download).to_be_visible(timeout=30_000)
    with page.expect_download() as taken:
        hand.click(download)
    assert hand.clicks == 3
    selection = tmp_path / taken.value.suggested_filename
    taken.value.save_as(selection)
    assert check(selection)[0] == 0, check(selection)[1]

    # The whole log, and what somebody might do to it afterwards.
    page.goto(desk.address("/audit/"))
    page.get_by_role("button", name="Export all entries").click()
    expect(download).to_be_visible(timeout=30_000)
    with page.expect_download() as taken:
        download.click()
    whole = tmp_path / "whole.zip"
    taken.value.save_as(whole)
    status, said = check(whole)
    assert status == 0, said

    place = entry.seq - 1
    flipped = rewritten(whole, "flipped.zip", lambda lines: [*lines[:place], _flip(lines[place]), *lines[place + 1 :]])
    removed = rewritten(whole, "removed.zip", lambda lines: [*lines[:place], *lines[place + 1 :]])
    swapped = rewritten(
        whole, "swapped.zip", lambda lines: [*lines[: place - 1], lines[place], lines[place - 1], *lines[place + 1 :]]
    )
    for tampered in (flipped, removed, swapped):
        status, said = check(tampered)
        assert status == 1, said
        assert any(f"entry {seq}:" in said for seq in (entry.seq - 1, entry.seq, entry.seq + 1)), said

    # The search and the exports are in the log themselves.
    found = list(AuditEntry.objects.filter(seq__gt=entry.seq).order_by("seq").values_list("action", flat=True))
    assert "audit.read" in found
    steps = ["audit.export_asked", "audit.export_finished", "audit.export_downloaded"]
    assert [action for action in found if action in steps] == [*steps, *steps]
    assert "audit.export_read" in found
    asked = AuditEntry.objects.filter(action="audit.export_asked").earliest("seq")
    assert "ana@desk.example" not in asked.body + asked.target and "a•••@d•••" in json.loads(asked.body)["query"]


def _flip(line: bytes) -> bytes:
    """Flip one bit in the middle of what was changed."""
    place = line.index(b"cd.example")
    return line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :]


def test_the_report_opens_and_the_pages_work_for_everybody(desk: Desk, sign_in: SignIn) -> None:
    entry = change_the_webhook()
    desk.start_worker()
    page = sign_in("auditor", "/audit/exports/", theme="dark", width=360)
    found = {"empty list": axe_violations(page)}
    assert sideways(page) == 0

    page.get_by_role("link", name="New export").first.click()
    page.get_by_label("Printable report").check()
    found["form"] = axe_violations(page)
    assert sideways(page) == 0
    page.get_by_role("button", name="Make the export").click()
    link = page.get_by_role("link", name="Open the report")
    expect(link).to_be_visible(timeout=30_000)
    expect(page.locator("#announcements")).to_contain_text("Ready")
    found["export"] = axe_violations(page)
    assert sideways(page) == 0
    with page.context.expect_page() as opened:
        link.click()
    report = opened.value
    expect(report.locator(f"#entry-{entry.seq}")).to_contain_text("https://cd.example/hook")
    assert report.evaluate("getComputedStyle(document.querySelector('.entry')).breakInside") == "avoid-page"
    found["report"] = axe_violations(report)
    assert sideways(report) == 0
    page.goto(desk.address("/audit/exports/"))
    found["list"] = axe_violations(page)
    assert sideways(page) == 0

    assert {name: violations for name, violations in found.items() if violations} == {}
