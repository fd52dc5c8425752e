"""Anchors in a file, one note after another, on a volume of its own at best; each is on the disk before it counts."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path

from dashboard.audit_verifier import notes_in

from .anchor_trouble import SinkDown

_BLOCK_BYTES = 262_144
# No note is longer; what is longer without one is rubbish.
_MAX_NOTE_BYTES = 16_384
_SIGNATURES = re.compile(rb"\n\n(?:\xe2\x80\x94 [^\n]+\n)+")


class FileSink:
    """Only ever appends: the file may carry the file system's own append-only flag."""

    can_be_asked = True

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

    def kept(self) -> Iterator[str]:
        """Read from the end, a block at a time: the file grows for years."""
        try:
            with self._path.open("rb") as file:
                at, rest = file.seek(0, os.SEEK_END), b""
                while at:
                    size = min(_BLOCK_BYTES, at)
                    at -= size
                    file.seek(at)
                    block = file.read(size) + rest
                    rest, whole = _at_first_note(block) if at else (b"", block)
                    yield from reversed(notes_in(whole.decode("utf-8", "replace")))
        except OSError as trouble:
            if isinstance(trouble, FileNotFoundError) and (self._may_make_folder or self._path.parent.is_dir()):
                return
            # A volume that is not mounted has lost nothing.
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


def _at_first_note(block: bytes) -> tuple[bytes, bytes]:
    """Cut a block that may begin within a note: what the block before it is to end with, and what is looked at now."""
    found = _SIGNATURES.search(block)
    if found is None or found.end() > _MAX_NOTE_BYTES:
        return block[:_MAX_NOTE_BYTES], block
    return block[: found.end()], block[found.end() :]
