"""The demo's child processes, where the system's tools are not those of Debian."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from dashboard.demo.children import Children


@pytest.mark.parametrize("setpriv", ["", "echo \"unrecognized option '$1'\" >&2; exit 1", 'shift 2; exec "$@"'])
def test_a_child_starts_whatever_setpriv_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setpriv: str
) -> None:
    for name in ("sh", "true"):
        found = shutil.which(name)
        assert found
        (tmp_path / name).symlink_to(found)
    if setpriv:
        (tmp_path / "setpriv").write_text(f"#!/bin/sh\n{setpriv}\n")
        (tmp_path / "setpriv").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    children = Children(os.environ, tmp_path)

    child = children.start("one", ["sh", "-c", "echo started"])

    assert child.process.wait(10) == 0
    assert child.last_lines() == "started"
