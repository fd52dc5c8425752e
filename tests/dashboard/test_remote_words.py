"""What a database says in its own words is on the screen, not behind a disclosure, where our sentence points at it."""

from __future__ import annotations

from typing import Any

import pytest
from django.template.loader import render_to_string

from dashboard.models import LinkedAccount, Operation
from dashboard.models.operation import State

from . import factories as make
from .pages import client_of

OPEN = '<details class="fold" open>'


@pytest.fixture
def ana(remote: Any) -> Any:
    make.synced("linkar")
    return make.agent()


def sent(case: str, ana: Any, state: State) -> Operation:
    account = LinkedAccount.objects.get(remote_id=f"apidemo/ACCOUNTS/{case}%2A1")
    draft = make.draft(account, ana, "edit")
    make.start(draft, ana, values={"PHONE": "555 1"}, secrets={})
    return make.settled(draft, state)


def page_of(operation: Operation, ana: Any) -> str:
    return client_of(ana).get(f"/operations/{operation.pk}/").content.decode()


def test_a_refusal_shows_the_words_it_points_at(ana: Any) -> None:
    page = page_of(sent("HOLD", ana, State.REFUSED), ana)

    assert "for the reason it gives below" in page
    assert "Account on hold by finance, call extension 12" in page
    assert OPEN in page


def test_a_refusal_in_our_own_words_keeps_the_evidence_folded(ana: Any) -> None:
    assert OPEN not in page_of(sent("QUIET", ana, State.REFUSED), ana)


def test_an_error_after_the_write_is_told_with_the_receipt(ana: Any) -> None:
    page = page_of(sent("LANDED", ana, State.DONE), ana)

    assert "Linkar answered with an error all the same" in page
    assert "Trigger failed after the write" in page
    assert OPEN in page


def test_a_code_of_the_provider_is_not_followed_by_none() -> None:
    shown = render_to_string("dashboard/_evidence.html", {"code": "", "evidence": {"remote_code": "90015"}})

    assert "90015" in shown and "none" not in shown
    assert "told from the status alone" in render_to_string("dashboard/_evidence.html", {"evidence": {}})
