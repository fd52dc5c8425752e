"""Whatever guards an address is taken away, one at a time, in a copy of the tree: the tests of access fail each time.

python3 tests/run.py -- tests/dashboard/test_access_damaged.py --long --places 10 --seed 7
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from dashboard import roles

ROOT = Path(__file__).resolve().parents[2]
# What finds most comes first: the run ends with it.
TESTS = ("tests/dashboard/test_access_needs.py", "tests/dashboard/test_access_table.py")
PERMISSIONS = [name for name in dir(roles) if getattr(roles, name) in [*roles.WORDS]]
DECORATOR = re.compile(r"@needs(?:_any)?\(roles\.(?P<permission>[A-Z_]+)[^\n]*\n")
PROOF = re.compile(
    r"(?P<recent>, recent=True)"
    r"|(?P<wrapper>\b(?:fresh_proof|proof_to_add)(?=\(on_record))"
    r"|(?P<call>not is_fresh\(request\))"
)


@dataclass(frozen=True, slots=True)
class Damage:
    """One place of a file of the views, and what stands there instead."""

    path: Path
    start: int
    end: int
    instead: str

    def done_to(self, text: str) -> str:
        return text[: self.start] + self.instead + text[self.end :]

    def __str__(self) -> str:
        text = self.path.read_text("utf-8")
        line = text.count("\n", 0, self.start) + 1
        return f"{self.path.name}:{line}: {text[self.start : self.end].strip()} -> {self.instead or 'nothing'}"


def flipped(path: Path, text: str, random: Random) -> Iterator[Damage]:
    for found in DECORATOR.finditer(text):
        other = random.choice([name for name in PERMISSIONS if name != found["permission"]])
        yield Damage(path, *found.span("permission"), other)


def removed(path: Path, text: str, random: Random) -> Iterator[Damage]:
    for found in DECORATOR.finditer(text):
        yield Damage(path, *found.span(), "")


def without_proof(path: Path, text: str, random: Random) -> Iterator[Damage]:
    instead = {"recent": "", "wrapper": "", "call": "False"}
    for found in PROOF.finditer(text):
        yield Damage(path, *found.span(), instead[str(found.lastgroup)])


Kind = Callable[[Path, str, Random], Iterator[Damage]]


@pytest.mark.long
@pytest.mark.parametrize("kind", [flipped, removed, without_proof])
def test_whatever_guards_an_address_is_missed(tmp_path: Path, request: pytest.FixtureRequest, kind: Kind) -> None:
    seed = request.config.getoption("--seed")
    seed = secrets.randbelow(10**6) if seed is None else seed
    print(f"--seed {seed}")
    random = Random(seed)  # noqa: S311 - places, not secrets
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "var", "staticfiles", "__pycache__"))
    places = [damage for path in views(copy) for damage in kind(path, path.read_text("utf-8"), random)]
    chosen = random.sample(places, min(len(places), request.config.getoption("--places") or 10))
    assert not what_fails(copy), "the tests of access fail as it is"

    survived = []
    for damage in chosen:
        original, what = damage.path.read_text("utf-8"), str(damage)
        damage.path.write_text(damage.done_to(original), "utf-8")
        told = what_fails(copy)
        print(f"{what}: {told or 'NOT FOUND'}")
        survived += [] if told else [what]
        damage.path.write_text(original, "utf-8")

    print(f"{len(chosen)} of {len(places)} places, {len(chosen) - len(survived)} found")
    assert len(places) > 10
    assert survived == []


def views(tree: Path) -> list[Path]:
    """Return the files of the views, without those that make the guards themselves."""
    found = sorted((tree / "dashboard" / "views").glob("*.py"))
    return [path for path in found if path.name not in ("access.py", "proof.py")]


def what_fails(copy: Path) -> str:
    """Return the first line of what the tests of access find in the copy, or ""; a run that cannot begin is none."""
    # As one of our own workers, so that it finds the migrated database that the first one made.
    environment = os.environ | {"PYTEST_XDIST_WORKER": "damaged"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *TESTS]
    ran = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode in (0, 1), ran.stdout[-2000:] + ran.stderr[-2000:]
    return next((line for line in ran.stdout.splitlines() if line.startswith("E  ")), "?") if ran.returncode else ""
