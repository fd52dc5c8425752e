"""Every address, as everybody, is answered as the table says; and the table knows every address."""

from __future__ import annotations

from typing import Any

import pytest

from tests.access_table import CELLS, EVERYBODY
from tests.access_walk import Walk, everything, names

METHODS = ("GET", "POST")
OTHER_METHODS = ("PUT", "PATCH", "DELETE", "OPTIONS")
# Method, the lines that say how it is answered, and whether it comes from htmx for a part of a page.
KNOCKS = (
    ("GET", "GET", False),
    ("GET", "GET", True),
    ("POST", "POST", False),
    ("POST", "POST", True),
    ("HEAD", "GET", False),
)
# They run beside each other.
PARTS = 6


def test_the_table_knows_every_address_and_no_other() -> None:
    known = {name for name, _ in CELLS}

    assert sorted(names() - known) == [], "an address without lines in tests/access_table.py"
    assert sorted(known - names()) == [], "lines of an address that is gone"
    assert {(name, method) for name in known for method in METHODS} <= CELLS.keys()
    assert all(len(cells) == len(EVERYBODY) for cells in CELLS.values())


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.parametrize("part", range(PARTS))
def test_every_cell_is_as_the_table_says(emulator: Any, part: int) -> None:
    walk = Walk()
    wrong = []
    for name in sorted(names() & {name for name, _ in CELLS})[part::PARTS]:
        for method, as_method, partial in KNOCKS:
            plain = CELLS[name, as_method]
            expected = CELLS.get((name, f"{method}/htmx"), plain) if partial else plain
            for who, cell in zip(EVERYBODY, expected, strict=True):
                found = walk.look(name, method, who, partial=partial)
                if found != cell:
                    wrong.append(f"{method} {name}{' (htmx)' if partial else ''} as {who}: {found}, not {cell}")

    assert not wrong, "\n".join(wrong)


@pytest.mark.once
@pytest.mark.django_db
def test_no_other_method_is_answered_or_changes_anything(emulator: Any) -> None:
    walk = Walk()
    before = everything()

    wrong = [
        f"{method} {name} as {who}: {found}"
        for name in sorted(names())
        for method in OTHER_METHODS
        for who in EVERYBODY
        if (found := walk.answer(name, method, who)) != "405"
    ]

    assert not wrong, "\n".join(wrong)
    assert everything() == before
