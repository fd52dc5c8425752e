"""What the plan says of a form whose only fault is a field: the fault, and no empty “Change 0”."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from dashboard.models import LinkedAccount, Operation
from dashboard.services.account_sheet import sheet_of
from dashboard.views.operation_screens import fields_form

from . import factories as make
from .pages import client_of, opened, typed, words


@pytest.fixture
def desk(db: None) -> Client:
    return client_of(make.agent())


def shown_in(draft: Operation) -> dict[str, Any]:
    """Return what the browser would send of an untouched form."""
    form = fields_form(sheet_of(draft.account), draft)
    return {name: form[name].initial for name in form.fields if form[name].initial not in (None, "", False)}


@pytest.mark.parametrize(
    ("slug", "action", "field"),
    [("flxpoint", "configs", "host"), ("linkar", "edit", "NAME")],
)
def test_a_required_value_that_was_emptied_is_named(
    remote: Any, desk: Client, slug: str, action: str, field: str
) -> None:
    make.synced(slug)
    for account in LinkedAccount.objects.filter(integration=slug).order_by("remote_id"):
        draft = opened(desk, account, action) if not account.is_gone else None
        if draft and shown_in(draft).get(field):
            break
    else:
        pytest.fail("no account shows it")

    response = typed(desk, draft, **{**shown_in(draft), field: ""})

    assert f"{field.capitalize()} is needed." in words(response)
    assert "Change 0" not in words(response) and "Nothing yet" not in words(response)


def test_a_form_that_shows_nothing_yet_holds_nothing_against_anybody(belvo: Any, desk: Client) -> None:
    make.synced()
    draft = opened(desk, make.account_at(make.PLAIN, status="invalid"), "credentials")

    text = words(typed(desk, draft))

    assert "is needed" not in text and "A blank secret is kept." in text


def test_a_refresh_without_the_tick_for_the_bill_says_so(remote: Any, desk: Client) -> None:
    make.synced("moneykit")
    account = LinkedAccount.objects.filter(integration="moneykit", status="connected").order_by("remote_id")[0]
    draft = opened(desk, account, "refresh")

    response = typed(desk, draft, **shown_in(draft))

    assert "Tick this first" in words(response) and "Nothing yet" not in words(response)


def test_the_button_of_a_look_up_says_what_it_does(remote: Any, desk: Client) -> None:
    make.synced("linkar")
    account = LinkedAccount.objects.filter(integration="linkar").order_by("remote_id")[0]

    draft = opened(desk, account, "look")

    text = words(typed(desk, draft, **shown_in(draft)))
    assert "Look up" in text and "Apply" not in text
