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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from dashboard import roles

ROOT = Path(__file__).resolve().parents[2]
TESTS = ("tests/dashboard/test_access_table.py", "tests/dashboard/test_access_needs.py")
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
        text = (ROOT / self.path).read_text(encoding="utf-8")
        line = text.count("\n", 0, self.start) + 1
        return f"{self.path}:{line}: {text[self.start : self.end].strip()} -> {self.instead or 'nothing'}"


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


@pytest.mark.long
@pytest.mark.parametrize("kind", [flipped, removed, without_proof])
def test_whatever_guards_an_address_is_missed(tmp_path: Path, request: pytest.FixtureRequest, kind: object) -> None:
    seed = request.config.getoption("--seed")
    seed = secrets.randbelow(10**6) if seed is None else seed
    print(f"--seed {seed}")
    random = Random(seed)  # noqa: S311 - places, not secrets
    places = [damage for path, text in views() for damage in kind(path, text, random)]  # type: ignore[operator]
    chosen = random.sample(places, min(len(places), request.config.getoption("--places") or 10))
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "var", "staticfiles", "__pycache__"))
    assert passes(copy), "the tests of access fail as it is"

    survived = []
    for damage in chosen:
        original = (ROOT / damage.path).read_text(encoding="utf-8")
        (copy / damage.path).write_text(damage.done_to(original), encoding="utf-8")
        if passes(copy):
            survived.append(str(damage))
        (copy / damage.path).write_text(original, encoding="utf-8")

    print(f"{kind.__name__}: {len(chosen)} of {len(places)} places, {len(chosen) - len(survived)} found")  # type: ignore[attr-defined]
    assert len(places) > 10
    assert survived == []


def views() -> Iterator[tuple[Path, str]]:
    for path in sorted((ROOT / "dashboard" / "views").glob("*.py")):
        # Where the guards themselves are made.
        if path.name not in ("access.py", "proof.py"):
            yield path.relative_to(ROOT), path.read_text(encoding="utf-8")


def passes(copy: Path) -> bool:
    """Say whether the tests of access pass in the copy; what they could not even begin with is no answer."""
    # A settled process of its own: neither this one's database nor its settings.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    environment.pop("LINKDESK_TEST_FOLDER", None)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *TESTS]
    ran = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode in (0, 1), ran.stdout[-2000:] + ran.stderr[-2000:]
    return ran.returncode == 0
