"""Where exports lie: private files that appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings

from dashboard.models import AuditExport

SUFFIXES = {AuditExport.Form.BUNDLE: ".zip", AuditExport.Form.CSV: ".csv", AuditExport.Form.REPORT: ".html"}
# What a killed worker left behind.
_LEFTOVER_AFTER_S = 86_400


class FileChanged(Exception):
    """The file is not there, or not what was written: it is not handed out."""


@dataclass
class Written:
    size_bytes: int = 0
    sha256: str = ""


def path_of(export: AuditExport) -> Path:
    return _folder() / f"{export.pk}{SUFFIXES[AuditExport.Form(export.form)]}"


@contextmanager
def whole_file(export: AuditExport) -> Iterator[tuple[IO[bytes], Written]]:
    """Write under a name of its own, then put it in place at once; after an exception nothing is left of it."""
    final = path_of(export)
    part = final.with_name(f"{final.name}.{export.claim}.part")
    written = Written()
    try:
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w+b") as file:
            yield file, written
            file.flush()
            written.size_bytes, written.sha256 = _measure(file)
            os.fsync(file.fileno())
        part.replace(final)
        _sync_folder(final.parent)
    finally:
        part.unlink(missing_ok=True)


def open_whole(export: AuditExport) -> IO[bytes]:
    """Return the file, read once and compared with what was recorded of it: what is handed out is what was written."""
    try:
        file = path_of(export).open("rb")
    except OSError:
        raise FileChanged("the file is not there") from None
    if _measure(file) != (export.size_bytes, export.sha256):
        file.close()
        raise FileChanged("the file is not what was written")
    file.seek(0)
    return file


def remove(export: AuditExport) -> None:
    path_of(export).unlink(missing_ok=True)


def remove_leftovers() -> None:
    """Remove what killed workers left half-written."""
    for part in _folder().glob("*.part"):
        if part.stat().st_mtime < time.time() - _LEFTOVER_AFTER_S:
            part.unlink(missing_ok=True)


def _folder() -> Path:
    folder = Path(settings.EXPORTS_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _measure(file: IO[bytes]) -> tuple[int, str]:
    file.seek(0)
    sha256 = hashlib.sha256()
    while piece := file.read(1 << 20):
        sha256.update(piece)
    return file.tell(), sha256.hexdigest()


def _sync_folder(folder: Path) -> None:
    """Make the new name outlive a power cut, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
