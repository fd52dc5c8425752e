"""Every address, as everybody, is answered as the table says; and the table knows every address."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.access_table import TABLE
from tests.access_walk import EVERYBODY, Walk, names

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("GET", "POST")
# They run beside each other.
PARTS = 6
DECORATOR = re.compile(r"@needs(?:_any)?\((roles\.[A-Z_]+)[^\n]*\)\n")


def rows() -> Iterator[tuple[str, str, list[str]]]:
    for line in TABLE.strip("\n").splitlines()[1:]:
        name, method, *cells = line.split()
        yield name, method, cells


EXPECTED = {(name, method): cells for name, method, cells in rows()}


def test_the_table_knows_every_address_and_no_other() -> None:
    known = {name for name, _ in EXPECTED}

    assert sorted(names() - known) == [], "an address without lines in tests/access_table.py"
    assert sorted(known - names()) == [], "lines of an address that is gone"
    assert {(name, method) for name in known for method in METHODS} <= EXPECTED.keys()
    assert all(len(cells) == len(EVERYBODY) for cells in EXPECTED.values())


@pytest.mark.django_db
@pytest.mark.parametrize("part", range(PARTS))
def test_every_cell_is_as_the_table_says(emulator: Any, part: int) -> None:
    walk = Walk()
    wrong = []
    for name in sorted(names() & {name for name, _ in EXPECTED})[part::PARTS]:
        for method in METHODS:
            for partial in (False, True):
                plain = EXPECTED[name, method]
                expected = EXPECTED.get((name, f"{method}/htmx"), plain) if partial else plain
                for who, cell in zip(EVERYBODY, expected, strict=True):
                    found = walk.look(name, method, who, partial=partial)
                    if found != cell:
                        wrong.append(f"{method} {name}{' (htmx)' if partial else ''} as {who}: {found}, not {cell}")

    assert wrong == []


@pytest.mark.long
def test_any_decorator_that_is_changed_is_found(tmp_path: Path) -> None:
    """Flip ten decorators, one at a time, in a copy of the tree: the table must fail each time."""
    places = [
        (path.relative_to(ROOT), match)
        for path in sorted((ROOT / "dashboard" / "views").glob("*.py"))
        for match in DECORATOR.finditer(path.read_text(encoding="utf-8"))
    ]
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "var", "staticfiles", "__pycache__"))
    survived = []
    for path, match in random.sample(places, 10):
        original = (ROOT / path).read_text(encoding="utf-8")
        other = "roles.MANAGE_STAFF" if match[1] != "roles.MANAGE_STAFF" else "roles.VIEW"
        flipped = match[0].replace(match[1], other, 1)
        (copy / path).write_text(original[: match.start()] + flipped + original[match.end() :], encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist"]
        ran = subprocess.run(
            [*command, "tests/dashboard/test_access_table.py"], cwd=copy, capture_output=True, check=False
        )
        if ran.returncode != 1:
            survived.append(f"{path}: {match[0].strip()}")
        (copy / path).write_text(original, encoding="utf-8")

    assert len(places) > 20
    assert survived == []
