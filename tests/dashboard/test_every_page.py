"""What every page says of the door while a password alone lets people in."""

from __future__ import annotations

from typing import Any

import pytest
from django.http.cookie import SimpleCookie
from django.test import Client

from tests import people
from tests.access_table import CELLS, EVERYBODY
from tests.access_walk import Walk, names, undone

# Pages of customers, who sign in nowhere.
OF_CUSTOMERS = {"handover", "handover-return"}
# A document, and nothing of ours around it.
DOCUMENTS = {"audit-export-file"}


@pytest.mark.django_db
def test_without_a_second_factor_every_page_says_so(emulator: Any, settings: Any) -> None:
    settings.SECOND_FACTOR = "off"
    walk, client = Walk(), Client()
    pages, silent = 0, []
    for name in sorted(names() - OF_CUSTOMERS - DOCUMENTS):
        cells = zip(EVERYBODY, CELLS[name, "GET"], strict=True)
        # One of those who get past the roles of an address is enough.
        may = [who for who, cell in cells if who in people.ROLES and cell not in ("403", "405")]
        for who in ("anonymous", *may[:1]):
            client.cookies = SimpleCookie(walk.cookies[who])
            with undone():
                response = client.get(walk.address(name))
            text = b"" if response.streaming else response.content
            if b"<html" in text:
                pages += 1
                if b"SECOND_FACTOR is off" not in text:
                    silent.append(f"{name} as {who}: {response.status_code}")

    assert pages > 50
    assert silent == []
