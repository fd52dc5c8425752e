"""Anchors in a file, one note after another, on a volume of its own at best; each is on the disk before it counts."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from dashboard.audit_verifier import notes_in

from .anchor_trouble import SinkDown

_TAIL_BYTES = 65_536


class FileSink:
    """Only ever appends: the file may carry the file system's own append-only flag."""

    def __init__(self, path: Path, *, may_make_folder: bool = False) -> None:
        self.name = f"file://{path}"
        self._path = path
        self._may_make_folder = may_make_folder

    def send(self, note: str) -> None:
        try:
            if self._may_make_folder:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # A folder that is not there is a volume that is not mounted: making it would hide that.
            descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                self._append(descriptor, note)
            finally:
                os.close(descriptor)
        except OSError as trouble:
            raise SinkDown(f"the file cannot be written ({trouble.strerror or type(trouble).__name__})") from trouble

    def kept(self) -> Sequence[str] | None:
        return self._notes(_TAIL_BYTES)

    def all_kept(self) -> Sequence[str] | None:
        return self._notes(None)

    def _notes(self, last_bytes: int | None) -> Sequence[str]:
        try:
            with self._path.open("rb") as file:
                if last_bytes is not None:
                    # The first one in there may be half a note: it is no note then.
                    file.seek(max(0, file.seek(0, os.SEEK_END) - last_bytes))
                return notes_in(file.read().decode("utf-8", "replace"))
        except FileNotFoundError:
            return []
        except OSError as trouble:
            raise SinkDown(f"the file cannot be read ({trouble.strerror or type(trouble).__name__})") from trouble

    def _append(self, descriptor: int, note: str) -> None:
        size = os.fstat(descriptor).st_size
        ends_well = size == 0 or os.pread(descriptor, 2, max(0, size - 2)) == b"\n\n"
        # What a full disk cut short must not run into the next note.
        whole = (("" if ends_well else "\n\n") + note + "\n").encode()
        written = os.write(descriptor, whole)
        if written != len(whole):
            raise SinkDown("the file took only a part of the note")
        os.fsync(descriptor)
        if size == 0:
            self._sync_folder()

    def _sync_folder(self) -> None:
        """Make the name of a new file outlast a power cut, too."""
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
