"""Something new at a provider: chosen by its kind, planned and sent like any change, and then an account of its own."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.models import LinkedAccount, Operation
from dashboard.models.operation import State
from dashboard.services import creating
from providers.config import read_configuration
from tests import people

from . import factories as make
from .pages import HTMX, applied, client_of, words


@pytest.fixture
def ana(remote: Any) -> Any:
    make.listed("flxpoint")
    return make.agent()


def test_what_can_be_made_is_listed_by_kind(ana: Any) -> None:
    found = creating.kinds()

    assert {kind.integration for kind in found} == {"flxpoint"}
    assert len({kind.title for kind in found}) == len(found) > 2


def test_the_list_leads_to_the_choice_for_those_who_may(ana: Any) -> None:
    viewer = client_of(people.member("viewer", email="vera@desk.example", name="Vera"))

    assert 'href="/linked-accounts/new/"' in client_of(ana).get("/linked-accounts/").content.decode()
    assert 'href="/linked-accounts/new/"' not in viewer.get("/linked-accounts/").content.decode()
    assert viewer.get("/linked-accounts/new/").status_code == 403


def test_from_the_choice_to_the_new_account(ana: Any) -> None:
    desk = client_of(ana)
    kind = next(kind for kind in creating.kinds() if kind.account.schema_key == "csv_xlsx")
    known = LinkedAccount.objects.count()
    assert (
        f"/linked-accounts/{kind.account.pk}/operations/create/" in desk.get("/linked-accounts/new/").content.decode()
    )

    page = desk.post(f"/linked-accounts/{kind.account.pk}/operations/create/", follow=True)
    draft = Operation.objects.get(action="create")
    assert "A new connection at Flxpoint" in words(page)
    form = page.context["form"]
    entered = {name: form[name].value() or "" for name in form.fields}
    names = {source.name: name for name, source in form.sources.items()}
    for source in form.sources.values():
        if source.required and not entered[names[source.name]]:
            choice = source.choices[0].value if source.choices else "value-1"
            entered[names[source.name]] = choice
    entered[names["connection.name"]] = "Entirely new feed"
    applied(desk, draft, **entered)
    done = make.settled(draft)

    made = LinkedAccount.objects.get(title__contains="Entirely new feed")
    receipt = desk.get(f"/operations/{draft.pk}/", headers=HTMX)
    assert done.state == State.DONE, done.outcome
    assert LinkedAccount.objects.count() == known + 1
    assert "Open the new connection" in words(receipt) and f"/linked-accounts/{made.pk}/" in receipt.content.decode()


def test_without_a_provider_that_can_there_is_no_button(ana: Any, settings: Any, remote: Any) -> None:
    settings.INTEGRATIONS = read_configuration({**remote.environment, "INTEGRATIONS": "belvo"})
    desk = client_of(ana)

    assert 'href="/linked-accounts/new/"' not in desk.get("/linked-accounts/").content.decode()
    assert "Nothing can be made new here" in words(desk.get("/linked-accounts/new/"))
