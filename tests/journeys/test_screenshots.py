"""The README's pictures; `pytest tests/journeys/test_screenshots.py --write-screenshots` makes them anew."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from dashboard.models import LinkedAccount

from .accounts import CODE_INSTITUTION, account_at, code_field, open_room, path_of
from .browser import SignIn
from .desk import ROOT, Desk

README = ROOT / "README.md"
PICTURES = ROOT / ".github" / "screenshots"
PNG = b"\x89PNG\r\n"


@pytest.fixture
def folder(pytestconfig: pytest.Config, tmp_path: Path) -> Path:
    return PICTURES if pytestconfig.getoption("--write-screenshots") else tmp_path


def test_list_detail_and_room_can_be_pictured(desk: Desk, sign_in: SignIn, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # What was read a moment ago would be the same for every row.
    for number, account in enumerate(LinkedAccount.objects.order_by("pk")):
        age = timedelta(minutes=7 * number * number % 40_000)
        LinkedAccount.objects.filter(pk=account.pk).update(attention_since=timezone.now() - age)
    account = account_at(CODE_INSTITUTION, status="token_required")
    page = sign_in("agent", "/linked-accounts/")
    expect(page.locator("tr[data-version]").first).to_be_visible()
    page.screenshot(path=folder / "list.png")

    page.goto(desk.address(path_of(account)))
    expect(page.locator("#diagnosis")).to_be_visible()
    page.screenshot(path=folder / "detail.png")

    open_room(page)
    code_field(page).scroll_into_view_if_needed()
    page.locator("#operation-panel").screenshot(path=folder / "mfa-room.png")

    for name in ("list", "detail", "mfa-room"):
        assert (folder / f"{name}.png").read_bytes().startswith(PNG)


def test_every_picture_of_the_readme_exists() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README.read_text(encoding="utf-8"))

    assert len(shown) >= 3
    assert [path for path in shown if not (ROOT / path).read_bytes().startswith(PNG)] == []
