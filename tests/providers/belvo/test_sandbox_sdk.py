"""The vendor's own SDK, belvo-python, drives the emulator: whoever wrote it believes to talk to Belvo."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from belvo.client import Client
from belvo.enums import AccessMode
from belvo.exceptions import BelvoAPIException, RequestError

from providers.belvo.sandbox import SECRET_ID, SECRET_PASSWORD

from .remote import GOOD_CODE, LINK, Remote, belvo


@pytest.fixture
def remote() -> Iterator[Remote]:
    with belvo(rate_limit=1000) as found:
        yield found


@pytest.fixture
def client(remote: Remote) -> Client:
    return Client(SECRET_ID, SECRET_PASSWORD, remote.url)


def test_it_signs_in_with_good_keys_only(remote: Remote) -> None:
    Client(SECRET_ID, SECRET_PASSWORD, remote.url)

    with pytest.raises(BelvoAPIException):
        Client(SECRET_ID, "wrong", remote.url)


def test_it_lists_every_link_page_by_page(client: Client, remote: Remote) -> None:
    links = list(client.Links.list())

    assert {link["id"] for link in links} == set(remote.box.world.links)
    assert {link["status"] for link in client.Links.list(status="invalid")} == {"invalid"}


def test_it_reads_one_link_and_its_institution(client: Client) -> None:
    link = client.Links.get(LINK["A"])
    (institution,) = client.Institutions.list(name=link["institution"])

    assert client.Institutions.get(institution["id"])["form_fields"][-1]["name"] == "token"


def test_it_replaces_a_password(client: Client) -> None:
    updated = client.Links.update(LINK["B"], password="pass_valid", raise_exception=True)

    assert updated["status"] == "valid"
    assert client.Links.get(LINK["B"])["status"] == "valid"


def test_it_is_told_that_the_password_is_wrong(client: Client) -> None:
    with pytest.raises(RequestError) as refused:
        client.Links.update(LINK["B"], password="pass_invalid", raise_exception=True)

    assert refused.value.status_code == 400
    assert refused.value.detail[0]["code"] == "login_error"


def test_it_answers_a_challenge_with_a_wrong_and_then_the_right_code(client: Client) -> None:
    (challenge,) = client.Links.update(LINK["A"], password="pass_valid")
    (again,) = client.Links.resume(challenge["session"], "999999", link=LINK["A"])

    done = client.Links.resume(again["session"], GOOD_CODE, link=LINK["A"], raise_exception=True)

    assert challenge["code"] == again["code"] == "token_required"
    assert challenge["session"] != again["session"]
    assert done["status"] == "valid"


def test_it_registers_changes_and_deletes_a_link(client: Client) -> None:
    made = client.Links.create("erebor_mx_retail", "user_valid", "pass_valid", access_mode=AccessMode.SINGLE)

    changed = client.Links.patch(made["id"], access_mode=AccessMode.RECURRENT)

    assert (made["access_mode"], changed["access_mode"]) == ("single", "recurrent")
    assert client.Links.delete(made["id"]) is True
    assert client.Links.delete(made["id"]) is False


def test_it_makes_a_widget_token_for_a_link(client: Client) -> None:
    token = client.WidgetToken.create(link=LINK["B"], raise_exception=True)

    assert token["access"].count(".") == 2
