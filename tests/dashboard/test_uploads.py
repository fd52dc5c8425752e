"""Certificates and keys that are larger than they can be."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from dashboard.models import Operation
from dashboard.models.operation import State

from . import factories as make
from .pages import HTMX, client_of, words

TAKES_DOCUMENTS = "tatooine_mx_fiscal"


@pytest.fixture
def ana(belvo: Any) -> Any:
    make.synced()
    return make.agent()


@pytest.fixture
def draft(ana: Any) -> Operation:
    return make.draft(make.account_at(TAKES_DOCUMENTS), ana)


def applied_with(ana: Any, draft: Operation, size: int, headers: dict[str, str]) -> Any:
    files = {
        f"field-{name}-file": SimpleUploadedFile(f"{name}.bin", b"x" * size) for name in ("certificate", "private_key")
    }
    return client_of(ana).post(f"/operations/{draft.pk}/apply/", files | {"digest": "x"}, headers=headers)


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_a_file_that_is_too_large_is_named_at_its_field(ana: Any, draft: Operation, headers: dict[str, str]) -> None:
    response = applied_with(ana, draft, 300_000, headers)

    assert response.status_code == 422
    assert words(response).count("At most 64 kB can be sent.") == 2


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_more_than_fits_into_memory_is_refused_as_a_whole(ana: Any, draft: Operation, headers: dict[str, str]) -> None:
    response = applied_with(ana, draft, 2_000_000, headers)

    assert response.status_code == 400
    assert "too large" in words(response) and "Nothing was changed" in words(response)
    assert Operation.objects.get(pk=draft.pk).state == State.DRAFT
