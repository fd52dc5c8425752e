"""What may stand in the repository: nothing of the machine it was written on, and nothing that has no place."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOP_LEVEL = {
    ".ci",
    ".env.example",
    ".github",
    ".gitignore",
    "LICENSE",
    "README.md",
    "dashboard",
    "deploy",
    "manage.py",
    "npm",
    "providers",
    "pyproject.toml",
    "requirements-dev.txt",
    "requirements-postgres.txt",
    "requirements.txt",
    "static",
    "templates",
    "tests",
}
# Written in pieces, so that this file does not find itself.
FORBIDDEN = re.compile(
    "|".join(
        [
            r"(?<![\w/.])/wo" + r"rk/",
            r"(?<![\w/.])/ro" + r"ot/",
            r"(?<![\w/.])/ho" + r"me/\w",
            r"/tmp/scr" + r"atch",
            "pypi" + r"\.org",
            "pythonhosted" + r"\.org",
            "registry" + r"\.npmjs",
            "deb\\.deb" + r"ian\.org",
            "--(extra-)?ind" + "ex-url",
        ]
    )
)


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).exists()]


def test_the_top_level_holds_only_what_belongs_there() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} - TOP_LEVEL == set()


def test_no_file_names_a_package_host_or_a_path_of_a_machine() -> None:
    found = []
    for path in tracked():
        if "vendor" in path.parts or path.suffix in {".png", ".tgz", ".woff2"}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if FORBIDDEN.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")

    assert found == []


def test_every_directory_of_python_has_a_tracked_init() -> None:
    packages = {path.parent for path in tracked() if path.suffix == ".py" and path.parent not in (ROOT, ROOT / "tests")}

    assert [str(folder.relative_to(ROOT)) for folder in sorted(packages) if not (folder / "__init__.py").exists()] == []
