"""The lock files say what pyproject.toml asks for, with hashes, and name no host to fetch it from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^ ;\\]+)")
FILES = ("requirements.txt", "requirements-postgres.txt", "requirements-dev.txt")


def locked(file: str) -> dict[str, str]:
    """Return the versions by name, those of the files it includes too."""
    versions = {}
    for line in (ROOT / file).read_text().splitlines():
        if line.startswith("-r "):
            versions |= locked(line.removeprefix("-r ").strip())
        elif found := PINNED.match(line):
            versions[canonicalize_name(found["name"])] = found["version"]
    return versions


def wanted(file: str) -> list[Requirement]:
    names = list(PROJECT["project"]["dependencies"])
    if file != "requirements.txt":
        names += PROJECT["project"]["optional-dependencies"]["postgres"]
    if file == "requirements-dev.txt":
        names += PROJECT["dependency-groups"]["test"] + PROJECT["dependency-groups"]["lint"]
    return [Requirement(name) for name in names]


def is_met(need: Requirement, versions: dict[str, str]) -> bool:
    return need.specifier.contains(versions.get(canonicalize_name(need.name), "0"))


@pytest.mark.parametrize("file", FILES)
def test_every_requirement_is_locked_at_a_version_it_allows(file: str) -> None:
    versions = locked(file)

    wrong = [str(need) for need in wanted(file) if not is_met(need, versions)]

    assert wrong == []


@pytest.mark.parametrize("file", FILES)
def test_every_locked_package_has_a_hash(file: str) -> None:
    text = (ROOT / file).read_text().removeprefix("-r requirements.txt\n").strip()

    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)

    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("file", FILES)
def test_lock_files_name_no_host(file: str) -> None:
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host", (ROOT / file).read_text())


@pytest.mark.parametrize("file", FILES[:-1])
def test_development_adds_to_what_runs_and_changes_none_of_it(file: str) -> None:
    development = locked("requirements-dev.txt")

    assert {name: development.get(name) for name in locked(file)} == locked(file)
